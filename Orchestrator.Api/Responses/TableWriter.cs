using System.Buffers;
using System.Text.Json;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Responses;

/// <summary>What a table row carries of its object (<c>includeObject</c>).</summary>
internal enum TableObject
{
    /// <summary>PartialObjectMetadata: the default.</summary>
    Metadata,

    /// <summary>Nothing.</summary>
    None,

    /// <summary>The whole object.</summary>
    Object,
}

/// <summary>Writes meta.k8s.io Tables, what kubectl prints: columns and cells are the kind's.</summary>
internal sealed class TableWriter(ResourceKind kind, string version, TableObject include, DateTimeOffset now)
{
    /// <summary>Reads <c>includeObject</c>. Throws 400 for an unknown policy.</summary>
    public static TableObject ParseInclude(string policy) => policy switch
    {
        "" or "Metadata" => TableObject.Metadata,
        "None" => TableObject.None,
        "Object" => TableObject.Object,
        _ => throw ApiStatus.BadRequest($"includeObject: Unsupported value: \"{policy}\": supported values: \"Metadata\", \"None\", \"Object\"").AsException(),
    };

    /// <summary>A whole table. <paramref name="continue"/> empty means no further page; <paramref name="columns"/> false leaves the definitions out (later events of a watch).</summary>
    public byte[] Write(IEnumerable<ResourceEntry> entries, string resourceVersion, string @continue = "", long? remaining = null, bool columns = true)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = RelaxedJson.Options.Encoder, SkipValidation = true });
        json.WriteStartObject();
        json.WriteString("kind"u8, "Table"u8);
        json.WriteString("apiVersion"u8, $"meta.k8s.io/{version}");
        json.WriteStartObject("metadata"u8);
        if (resourceVersion.Length > 0) json.WriteString("resourceVersion"u8, resourceVersion);
        if (@continue.Length > 0) json.WriteString("continue"u8, @continue);
        if (remaining is not null) json.WriteNumber("remainingItemCount"u8, remaining.Value);
        json.WriteEndObject();
        json.WriteStartArray("columnDefinitions"u8);
        if (columns)
            foreach (var column in kind.Strategy.TableColumns) Column(json, column);
        json.WriteEndArray();
        json.WriteStartArray("rows"u8);
        foreach (var entry in entries) Row(json, entry);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Column(Utf8JsonWriter json, TableColumn column)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, column.Name);
        json.WriteString("type"u8, column.Type);
        json.WriteString("format"u8, column.Format);
        json.WriteString("description"u8, column.Description);
        json.WriteNumber("priority"u8, column.Priority);
        json.WriteEndObject();
    }

    private void Row(Utf8JsonWriter json, ResourceEntry entry)
    {
        json.WriteStartObject();
        json.WriteStartArray("cells"u8);
        foreach (var cell in kind.Strategy.Cells(entry.ToJsonObject(), now))
        {
            if (cell is null) json.WriteNullValue();
            else cell.WriteTo(json);
        }
        json.WriteEndArray();
        if (include == TableObject.Object)
        {
            json.WritePropertyName("object"u8);
            json.WriteRawValue(entry.Json.Span, skipInputValidation: true);
        }
        else if (include == TableObject.Metadata)
        {
            json.WritePropertyName("object"u8);
            json.WriteRawValue(MetadataWriter.Write(entry.Json, version), skipInputValidation: true);
        }
        else
        {
            json.WriteNull("object"u8);
        }
        json.WriteEndObject();
    }
}
