using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Protobuf;

/// <summary>
/// Decodes <c>application/vnd.kubernetes.protobuf</c> bodies. What comes out has gone through <see cref="ObjectDecoder"/>, so that values are checked
/// and normalised in one place whatever a client speaks. As upstream, unknown fields are passed over and the zero value of a field by value is
/// the same as its absence.
/// </summary>
public static class ProtobufDecoder
{
    /// <summary>The media type.</summary>
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private const int SummaryLength = 30;

    /// <summary>
    /// Decodes one object in its envelope as <paramref name="type"/>. Throws 400 as a <see cref="StatusException"/> for anything else, in the words
    /// of upstream's decoder; kind and apiVersion are held to the type as for JSON.
    /// </summary>
    public static JsonObject Decode(ReadOnlySpan<byte> body, SchemaType type)
    {
        ProtobufEnvelope envelope;
        try
        {
            envelope = ProtobufEnvelope.Open(body);
        }
        catch (ProtobufFormatException e)
        {
            throw ApiStatus.BadRequest($"the object provided is unrecognized (must be of type {type.ShortName}): {e.Message} ({Summary(body)})").AsException();
        }
        var obj = new JsonObject();
        try
        {
            MessageReader.Read(envelope.Raw, MessageLayout.Of(type), obj);
            if (envelope.ApiVersion.Length > 0) obj["apiVersion"] = envelope.ApiVersion;
            if (envelope.Kind.Length > 0) obj["kind"] = envelope.Kind;
            return ObjectDecoder.Decode(Json(obj), type, FieldValidation.Ignore, []);
        }
        catch (ProtobufFormatException e)
        {
            var (kind, version) = (envelope.Kind.Length > 0 ? envelope.Kind : type.ShortName, envelope.ApiVersion.Length > 0 ? envelope.ApiVersion : type.Version);
            throw ApiStatus.BadRequest($"{kind} in version \"{version[(version.IndexOf('/') + 1)..]}\" cannot be handled as a {type.ShortName}: {e.Message}").AsException();
        }
    }

    private static ReadOnlySpan<byte> Json(JsonObject obj)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        try
        {
            obj.WriteTo(writer);
            writer.Flush();
        }
        catch (InvalidOperationException)
        {
            // A raw value nested deeper than the writer goes, or with half a surrogate pair.
            throw new ProtobufFormatException("invalid JSON in a raw value");
        }
        return buffer.WrittenSpan;
    }

    private static string Summary(ReadOnlySpan<byte> body) =>
        body.IsEmpty ? "<empty>" : Convert.ToHexStringLower(body[..Math.Min(body.Length, SummaryLength)]) + (body.Length > SummaryLength ? " ..." : "");
}
