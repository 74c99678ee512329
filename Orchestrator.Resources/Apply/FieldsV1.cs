using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Apply;

/// <summary>The JSON form of a <see cref="FieldSet"/> (meta/v1 FieldsV1): an object per element, <c>"."</c> in it where the path itself is in the set and others are below it.</summary>
public static class FieldsV1
{
    private static readonly JsonEncodedText Self = JsonEncodedText.Encode(".");

    /// <summary>Reads a set. Throws <see cref="FormatException"/> for what is none; an empty object is the empty set, null.</summary>
    public static FieldSet? Parse(JsonObject json)
    {
        var level = new FieldSetBuilder(json.Count);
        foreach (var (element, value) in json)
        {
            if (element == ".") continue;
            if (!PathElement.IsValid(element)) throw new FormatException($"\"{element}\" is no path element");
            if (value is not JsonObject below) throw new FormatException($"\"{element}\" holds no object");
            // An element with nothing below it is a leaf of the notation, and so a member.
            level.Add(element, below.Count == 0 || below.ContainsKey("."), below.Count == 0 ? null : Parse(below));
        }
        return level.Build();
    }

    /// <summary>The set as UTF-8 JSON, elements sorted.</summary>
    public static byte[] Encode(FieldSet set) => EncodedJson.Encode(set, static (writer, fields) => Write(writer, fields));

    /// <summary>Writes a set; <paramref name="self"/> is whether the path that leads here is a member too.</summary>
    internal static void Write(Utf8JsonWriter writer, FieldSet set, bool self = false)
    {
        writer.WriteStartObject();
        if (self)
        {
            writer.WriteStartObject(Self);
            writer.WriteEndObject();
        }
        foreach (var entry in set.Entries)
        {
            writer.WritePropertyName(entry.Element);
            if (entry.Below is not null)
            {
                Write(writer, entry.Below, entry.Member);
                continue;
            }
            writer.WriteStartObject();
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }
}
