using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Orchestrator.SchemaTool;

/// <summary>
/// Writes the schema as JSON lines, one type per line, sorted by name, so that the runtime can index it by line without parsing and a
/// change shows as the lines of the types it touches. Default values are left out of each entry.
/// </summary>
public static class SchemaEmitter
{
    /// <summary>The whole file.</summary>
    public static byte[] Emit(IReadOnlyList<TypeModel> types)
    {
        using var output = new MemoryStream();
        foreach (var type in types.OrderBy(t => t.SchemaName, StringComparer.Ordinal))
        {
            using (var w = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) Type(w, type);
            output.Write("\n"u8);
        }
        return output.ToArray();
    }

    private static void Type(Utf8JsonWriter w, TypeModel type)
    {
        w.WriteStartObject();
        w.WriteString("name", type.SchemaName);
        if (type.HasTypeMeta) w.WriteString("apiVersion", type.ApiVersion);
        if (type.StructType.Length > 0) w.WriteString("structType", type.StructType);
        if (type.Deprecated) w.WriteBoolean("deprecated", true);
        w.WriteStartArray("fields");
        foreach (var field in type.Fields) Field(w, field);
        w.WriteEndArray();
        w.WriteEndObject();
    }

    private static void Field(Utf8JsonWriter w, FieldModel f)
    {
        w.WriteStartObject();
        w.WriteString("name", f.JsonName);
        if (char.ToUpperInvariant(f.JsonName[0]) + f.JsonName[1..] != f.GoName) w.WriteString("go", f.GoName);
        w.WriteString("type", f.Type.ToString());
        if (f.OmitEmpty) w.WriteBoolean("omitEmpty", true);
        if (f.Optional) w.WriteBoolean("optional", true);
        if (f.Protobuf.Length > 0)
        {
            var parts = f.Protobuf.Split(',');
            w.WriteNumber("proto", int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
            if (f.ProtobufPath is { Count: > 0 } path)
            {
                w.WriteStartArray("protoIn");
                foreach (var number in path) w.WriteNumberValue(number);
                w.WriteEndArray();
            }
        }
        Text(w, "patchStrategy", f.PatchStrategy);
        Text(w, "patchMergeKey", f.PatchMergeKey);
        Text(w, "listType", f.ListType);
        Texts(w, "listMapKeys", f.ListMapKeys);
        Text(w, "structType", f.StructType);
        Text(w, "mapType", f.MapType);
        Texts(w, "enum", f.Enum);
        if (f.Default is { } value) { w.WritePropertyName("default"); w.WriteRawValue(value); }
        if (f.Deprecated) w.WriteBoolean("deprecated", true);
        w.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter w, string name, string value)
    {
        if (value.Length > 0) w.WriteString(name, value);
    }

    private static void Texts(Utf8JsonWriter w, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        w.WriteStartArray(name);
        foreach (var value in values) w.WriteStringValue(value);
        w.WriteEndArray();
    }
}
