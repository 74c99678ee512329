using System.Text;

namespace Orchestrator.Api.Responses;

/// <summary>Writes meta.k8s.io PartialObjectMetadata: an object's type and metadata alone.</summary>
internal static class MetadataWriter
{
    /// <summary>The metadata-only form of an object's bytes; <paramref name="version"/> is meta.k8s.io's.</summary>
    public static byte[] Write(ReadOnlyMemory<byte> json, string version)
    {
        var head = Encoding.ASCII.GetBytes($"{{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/{version}\",\"metadata\":");
        var metadata = RawMetadata.Of(json).Span;
        var result = new byte[head.Length + metadata.Length + 1];
        head.CopyTo(result, 0);
        metadata.CopyTo(result.AsSpan(head.Length));
        result[^1] = (byte)'}';
        return result;
    }
}
