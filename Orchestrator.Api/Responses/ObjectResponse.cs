using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Negotiation;
using Orchestrator.Api.Requests;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Protobuf;

namespace Orchestrator.Api.Responses;

/// <summary>Writes one object of the called kind in the form the client accepts: as its stored bytes, as a one-row table, or its metadata.</summary>
internal static class ObjectResponse
{
    /// <summary>Writes the object's bytes with a status code; <paramref name="form"/> was chosen before anything was done.</summary>
    public static async Task WriteAsync(ApiCall call, ResponseForm form, int code, ReadOnlyMemory<byte> json) =>
        await ResponseWriter.BytesAsync(call.Http, code, form.ContentType, Encode(call, form, await call.Kind.PresentAsync(json, call.Converter, call.Cancel)));

    private static ReadOnlyMemory<byte> Encode(ApiCall call, ResponseForm form, ReadOnlyMemory<byte> json)
    {
        var shown = form.Representation switch
        {
            Representation.Table => Table(call, form, json),
            Representation.Metadata => MetadataWriter.Write(json, form.Version),
            _ => json,
        };
        return form.Encoding switch
        {
            Encoding.Yaml => YamlWriter.FromJson(shown),
            Encoding.Protobuf => ProtobufEncoder.Encode(shown, form.TypeOf(call.Kind)),
            _ => shown,
        };
    }

    /// <summary>Adds one <c>Warning</c> header per warning, as RFC 7234 and kubectl want them.</summary>
    public static void AddWarnings(HttpContext context, IReadOnlyList<string> warnings)
    {
        foreach (var warning in warnings)
        {
            var text = warning.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            // A header holds printable ASCII only.
            context.Response.Headers.Append("Warning", $"299 - \"{string.Concat(text.Select(c => c is >= ' ' and <= '~' ? c : '?'))}\"");
        }
    }

    private static byte[] Table(ApiCall call, ResponseForm form, ReadOnlyMemory<byte> json)
    {
        var entry = new ResourceEntry(call.Key, call.Kind, 0, 0, json);
        var version = (string?)entry.ToJsonObject()["metadata"]?["resourceVersion"] ?? "";
        return new TableWriter(call.Kind, form.Version, TableWriter.ParseInclude(call.Query.Text("includeObject")), call.Services.Time.GetUtcNow()).Write([entry], version);
    }
}
