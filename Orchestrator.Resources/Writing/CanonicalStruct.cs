using System.Text.Encodings.Web;
using System.Text.Json;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Writing;

/// <summary>Looks at and sets single fields of a struct in its canonical bytes, without taking it apart: its fields stand in the order of its type.</summary>
public static class CanonicalStruct
{
    /// <summary>Whether the field is written, which one without content is not where Go leaves it out.</summary>
    public static bool Has(ReadOnlySpan<byte> json, string field)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(field)) return true;
            reader.Skip();
        }
        return false;
    }

    /// <summary>The struct with another value of a field that is text; not empty where Go would leave the field out.</summary>
    /// <param name="json">Canonical bytes of a struct of <paramref name="type"/>, a built-in one.</param>
    /// <param name="type">Has <paramref name="field"/>.</param>
    /// <param name="field">JSON name.</param>
    /// <param name="value">The text.</param>
    public static byte[] WithText(ReadOnlySpan<byte> json, SchemaType type, string field, string value)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        var (wanted, at, first) = (IndexOf(type, 0, field), 0, true);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            // A field that only a newer member's type has stays where it is.
            var index = IndexOf(type, at, in reader);
            if (index > wanted) return Replaced(json, start..start, Property(field, value, "", ","));
            if (index == wanted)
            {
                reader.Read();
                return Replaced(json, start..(int)reader.BytesConsumed, Property(field, value, "", ""));
            }
            if (index >= 0) at = index;
            reader.Skip();
            first = false;
        }
        var end = json.Length - 1;
        return Replaced(json, end..end, Property(field, value, first ? "" : ",", ""));
    }

    private static int IndexOf(SchemaType type, int from, string field)
    {
        for (var i = from; i < type.Fields.Count; i++)
            if (type.Fields[i].Name == field) return i;
        throw new ArgumentException($"{type.Name} has no field {field}", nameof(field));
    }

    /// <summary>The field at whose name the reader stands; -1 where the type has none of it from there on.</summary>
    private static int IndexOf(SchemaType type, int from, in Utf8JsonReader name)
    {
        for (var i = from; i < type.Fields.Count; i++)
            if (name.ValueTextEquals(type.Fields[i].Name)) return i;
        return -1;
    }

    private static string Property(string field, string value, string before, string after) =>
        $"{before}\"{field}\":\"{JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"{after}";

    private static byte[] Replaced(ReadOnlySpan<byte> json, Range what, string by)
    {
        var (start, end) = (what.Start.Value, what.End.Value);
        var length = System.Text.Encoding.UTF8.GetByteCount(by);
        var result = new byte[json.Length - (end - start) + length];
        json[..start].CopyTo(result);
        System.Text.Encoding.UTF8.GetBytes(by, result.AsSpan(start));
        json[end..].CopyTo(result.AsSpan(start + length));
        return result;
    }
}
