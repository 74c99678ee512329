using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.OpenApi;

/// <summary>A published document: its bytes and the hash that stands for them (upper-case hex of SHA-512, as upstream's ETags).</summary>
public sealed record OpenApiDocument(ReadOnlyMemory<byte> Content, string Hash)
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static OpenApiDocument Of(byte[] content) => new(content, Convert.ToHexString(SHA512.HashData(content)));

    internal static OpenApiDocument Of(JsonObject json) => Of(Encoding.UTF8.GetBytes(json.ToJsonString(Compact)));
}
