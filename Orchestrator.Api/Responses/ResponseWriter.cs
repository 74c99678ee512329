using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Negotiation;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Api.Responses;

/// <summary>Writes whole responses.</summary>
internal static class ResponseWriter
{
    private const string Json = "application/json";

    /// <summary>Writes bytes as they are. A client that goes ends the write: the server completes it.</summary>
    public static Task BytesAsync(HttpContext context, int code, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = context.Response;
        response.StatusCode = code;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        if (HttpMethods.IsHead(context.Request.Method)) return Task.CompletedTask;
        var written = response.BodyWriter.WriteAsync(body);
        if (!written.IsCompletedSuccessfully) return written.AsTask();
        written.GetAwaiter().GetResult(); // gives the source of the result back
        return Task.CompletedTask;
    }

    /// <summary>Writes JSON.</summary>
    public static Task JsonAsync(HttpContext context, int code, JsonNode json) => BytesAsync(context, code, Json, JsonSerializer.SerializeToUtf8Bytes(json, RelaxedJson.Options));

    /// <summary>Writes an object that is not stored (a review, a scale) in the encoding the client accepts best, as JSON where it accepts none.</summary>
    public static Task ObjectAsync(HttpContext context, int code, JsonObject obj, string schemaName)
    {
        var form = ResponseForm.TryChoose(context.Request.Headers.Accept.ToString(), protobuf: true) ?? ResponseForm.PlainJson;
        ReadOnlyMemory<byte> json = JsonSerializer.SerializeToUtf8Bytes(obj, RelaxedJson.Options);
        return BytesAsync(context, code, form.ContentType, form.Encoding switch
        {
            Negotiation.Encoding.Yaml => YamlWriter.FromJson(json),
            Negotiation.Encoding.Protobuf => ProtobufEncoder.Encode(json, SchemaCatalog.Default.Find(schemaName)),
            _ => json,
        });
    }

    /// <summary>Writes a <c>Status</c>, of success or refusal.</summary>
    public static Task StatusAsync(HttpContext context, int code, JsonObject status) => ObjectAsync(context, code, status, "io.k8s.apimachinery.pkg.apis.meta.v1.Status");

    /// <summary>Writes plain text.</summary>
    public static Task TextAsync(HttpContext context, int code, string text) => BytesAsync(context, code, "text/plain; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a refusal as a <c>Status</c>, with the headers that belong to its code.</summary>
    public static Task StatusAsync(HttpContext context, ApiStatus status)
    {
        if (status.RetryAfterSeconds > 0) context.Response.Headers.RetryAfter = status.RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (status.Code == 401) context.Response.Headers.WWWAuthenticate = "Bearer";
        return StatusAsync(context, status.Code, status.ToJson());
    }
}

/// <summary>JSON as Kubernetes clients expect it: only what JSON demands is escaped.</summary>
internal static class RelaxedJson
{
    public static readonly JsonSerializerOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A document in UTF-8.</summary>
    public static byte[] Bytes(JsonNode json) => JsonSerializer.SerializeToUtf8Bytes(json, Options);
}
