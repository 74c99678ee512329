using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Schema;

/// <summary>Parses one line of the embedded schema. The notation is described in <c>eng/Orchestrator.SchemaTool/SchemaModel.cs</c>.</summary>
internal static class SchemaLine
{
    internal static SchemaType Parse(ReadOnlySpan<byte> line, SchemaCatalog catalog)
    {
        var reader = new Utf8JsonReader(line);
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        var fields = new List<SchemaField>();
        foreach (var field in root.GetProperty("fields").EnumerateArray()) fields.Add(Field(field, catalog));
        return new SchemaType(root.GetProperty("name").GetString()!, fields)
        {
            ApiVersion = Text(root, "apiVersion"),
            StructType = Text(root, "structType"),
            Deprecated = root.TryGetProperty("deprecated", out _),
        };
    }

    private static SchemaField Field(JsonElement json, SchemaCatalog catalog)
    {
        var name = json.GetProperty("name").GetString()!;
        return new SchemaField
        {
            Name = name,
            GoName = Text(json, "go") ?? char.ToUpperInvariant(name[0]) + name[1..],
            Type = Type(json.GetProperty("type").GetString()!, catalog),
            OmitEmpty = json.TryGetProperty("omitEmpty", out _),
            Optional = json.TryGetProperty("optional", out _),
            ProtobufNumber = json.TryGetProperty("proto", out var number) ? number.GetInt32() : 0,
            ProtobufPath = json.TryGetProperty("protoIn", out var path) ? [.. path.EnumerateArray().Select(n => n.GetInt32())] : [],
            PatchStrategies = Text(json, "patchStrategy")?.Split(',') ?? [],
            PatchMergeKey = Text(json, "patchMergeKey"),
            ListType = Text(json, "listType"),
            ListMapKeys = Texts(json, "listMapKeys"),
            StructType = Text(json, "structType"),
            MapType = Text(json, "mapType"),
            Enum = Texts(json, "enum"),
            Default = json.TryGetProperty("default", out var value) ? JsonNode.Parse(value.GetRawText()) : null,
            Deprecated = json.TryGetProperty("deprecated", out _),
        };
    }

    private static FieldType Type(string text, SchemaCatalog catalog)
    {
        var pointer = text[0] == '*';
        var body = pointer ? text[1..] : text;
        if (body.StartsWith("[]", StringComparison.Ordinal)) return new FieldType(ValueKind.List, pointer, Type(body[2..], catalog));
        if (body.StartsWith("map[]", StringComparison.Ordinal)) return new FieldType(ValueKind.Map, pointer, Type(body[5..], catalog));
        return body.Contains('.') ? new FieldType(pointer, () => catalog.Find(body)) : new FieldType(Enum.Parse<ValueKind>(body, ignoreCase: true), pointer);
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static string[] Texts(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? [.. value.EnumerateArray().Select(e => e.GetString()!)] : [];
}
