using System.Text.Json;

namespace Orchestrator.Api.Responses;

/// <summary>Cuts <c>metadata</c> out of an object's bytes: tables and metadata-only answers copy it instead of encoding it again.</summary>
internal static class RawMetadata
{
    /// <summary>The bytes of the object's metadata value; <c>{}</c> where it has none.</summary>
    public static ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (found) return json[start..(int)reader.BytesConsumed];
        }
        return "{}"u8.ToArray();
    }
}
