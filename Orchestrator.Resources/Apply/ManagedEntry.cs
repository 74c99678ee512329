using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Apply;

/// <summary>
/// One entry of <c>metadata.managedFields</c>. Who it is, is its manager, operation, subresource and, for updates, API version; an applier is the same
/// whatever version it speaks.
/// </summary>
public sealed record ManagedEntry(string Manager, string Operation, string ApiVersion, string Subresource)
{
    /// <summary>Operation of a server-side apply.</summary>
    public const string Apply = "Apply";

    /// <summary>Operation of every other write.</summary>
    public const string Update = "Update";

    /// <summary>When the manager last changed something; null where unknown.</summary>
    public string? Time { get; init; }

    /// <summary>The fields it owns.</summary>
    public FieldSet? Fields { get; init; }

    /// <summary>The entry's JSON as it was read, for as long as nothing in it has changed; else null.</summary>
    internal JsonObject? Source { get; init; }

    /// <summary>Whether this is a server-side apply.</summary>
    public bool Applied => Operation == Apply;

    /// <summary>Whether both are entries of one manager.</summary>
    public bool IsSameManager(ManagedEntry other) =>
        Manager == other.Manager && Operation == other.Operation && Subresource == other.Subresource && (Applied || ApiVersion == other.ApiVersion);

    /// <summary>The entry with other fields.</summary>
    internal ManagedEntry With(FieldSet? fields) => FieldSet.Same(fields, Fields) ? this : this with { Fields = fields, Source = null };

    /// <summary>Reads an entry. Throws <see cref="FormatException"/> for one that is none.</summary>
    internal static ManagedEntry Read(JsonObject json)
    {
        var operation = Text(json, "operation");
        if (operation is not (Apply or Update)) throw new FormatException($"\"{operation}\" is no operation");
        if (Text(json, "apiVersion").Length == 0) throw new FormatException("apiVersion must not be empty");
        if (Text(json, "fieldsType") != "FieldsV1") throw new FormatException("fieldsType must be FieldsV1");
        return new ManagedEntry(Text(json, "manager"), operation, Text(json, "apiVersion"), Text(json, "subresource"))
        {
            Time = json["time"] is JsonValue time ? (string?)time : null,
            Fields = json["fieldsV1"] is JsonObject fields ? FieldsV1.Parse(fields) : null,
            Source = json,
        };
    }

    /// <summary>
    /// Reads an entry of which only what is below <paramref name="field"/> matters: where it owns nothing there and is not <paramref name="writer"/>'s, its fields are not read
    /// (<see cref="Unread"/> stands for them) unless <paramref name="whole"/>.
    /// </summary>
    internal static ManagedEntry ReadPart(JsonObject json, string field, ManagedEntry writer, bool whole)
    {
        if (whole || json["fieldsV1"] is not JsonObject fields || fields.Count == 0 || fields.ContainsKey(field)) return Read(json);
        var entry = new ManagedEntry(Text(json, "manager"), Text(json, "operation"), Text(json, "apiVersion"), Text(json, "subresource"))
        {
            Time = json["time"] is JsonValue time ? (string?)time : null,
            Fields = Unread,
            Source = json,
        };
        return entry.IsSameManager(writer) ? Read(json) : entry;
    }

    /// <summary>Stands for fields that were not read: no change of an object touches it.</summary>
    private static FieldSet Unread { get; } = FieldSet.Of("f:");

    /// <summary>Writes the entry, fields in upstream's order.</summary>
    internal void Write(Utf8JsonWriter writer)
    {
        if (Source is not null)
        {
            Source.WriteTo(writer);
            return;
        }
        writer.WriteStartObject();
        writer.WriteString("manager"u8, Manager);
        writer.WriteString("operation"u8, Operation);
        writer.WriteString("apiVersion"u8, ApiVersion);
        if (Time is not null) writer.WriteString("time"u8, Time);
        writer.WriteString("fieldsType"u8, "FieldsV1"u8);
        if (Fields is not null)
        {
            writer.WritePropertyName("fieldsV1"u8);
            FieldsV1.Write(writer, Fields);
        }
        if (Subresource.Length > 0) writer.WriteString("subresource"u8, Subresource);
        writer.WriteEndObject();
    }

    /// <summary>As upstream prints a manager in a conflict.</summary>
    internal string Print()
    {
        var text = $"\"{Manager}\"";
        if (Subresource.Length > 0) text += $" with subresource \"{Subresource}\"";
        return Applied ? text : $"{text} using {ApiVersion}";
    }

    private static string Text(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
