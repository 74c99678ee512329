using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Api.Requests;

/// <summary>Reads a request's body as an object of a schema type, in any encoding that is spoken.</summary>
internal static class BodyDecoder
{
    private const string AcceptedForCustom = "application/json, application/yaml";
    private const string Accepted = $"{AcceptedForCustom}, {ProtobufDecoder.MediaType}";

    /// <summary>The decoded object. Throws 400, 413 or 415 as a <see cref="Orchestrator.Resources.Errors.StatusException"/>.</summary>
    public static async ValueTask<JsonObject> ReadAsync(HttpRequest request, string schemaName, string fieldValidation, List<string> warnings, CancellationToken cancel) =>
        Decode(await RequestBody.ReadAsync(request, cancel), RequestBody.MediaType(request), schemaName, fieldValidation, warnings);

    /// <summary>As <see cref="ReadAsync"/>, null where there is no body at all.</summary>
    public static async ValueTask<JsonObject?> ReadOptionalAsync(HttpRequest request, string schemaName, CancellationToken cancel)
    {
        var body = await RequestBody.ReadAsync(request, cancel);
        return body.Length == 0 ? null : Decode(body, RequestBody.MediaType(request), schemaName, "Ignore", []);
    }

    private static JsonObject Decode(ReadOnlyMemory<byte> body, string mediaType, string schemaName, string fieldValidation, List<string> warnings)
    {
        var type = SchemaCatalog.Default.Find(schemaName);
        var mode = Enum.Parse<FieldValidation>(fieldValidation);
        return mediaType switch
        {
            "" or "application/json" => ObjectDecoder.Decode(body.Span, type, mode, warnings),
            "application/yaml" or "application/x-yaml" => YamlDecoder.Decode(body.Span, type, mode, warnings),
            ProtobufDecoder.MediaType when !type.IsCustom => ProtobufDecoder.Decode(body.Span, type),
            _ => throw RequestBody.UnsupportedMediaType(type.IsCustom ? AcceptedForCustom : Accepted).AsException(),
        };
    }
}
