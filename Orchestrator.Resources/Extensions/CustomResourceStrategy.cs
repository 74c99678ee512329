using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Kinds.Tables;

namespace Orchestrator.Resources.Extensions;

/// <summary>The rules of a custom kind in one version (apiextensions-apiserver's customResourceStrategy): what its definition says, and nothing else.</summary>
public sealed class CustomResourceStrategy : KindStrategy
{
    private readonly JsonSchema _schema;
    private readonly SchemaRules? _rules;
    private readonly bool _hasStatus;
    private readonly TableLayout _table;
    private readonly IReadOnlyList<(string Name, JsonPath Path)> _fields;

    internal CustomResourceStrategy(JsonSchema schema, bool hasStatus, TableLayout table, IReadOnlyList<(string Name, JsonPath Path)> fields) =>
        // A definition with wrong rules is not stored; one of an earlier version of this server may be, and keeps those it understands.
        (_schema, _rules, _hasStatus, _table, _fields) = (schema, SchemaRules.Compile(schema, "", new FieldErrors()), hasStatus, table, fields);

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> TableColumns => _table.Columns;

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => [.. TableColumns.Where(c => c.Format != "name")];

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        SchemaDefaults.DropNulls(obj, _schema);
        SchemaDefaults.Apply(obj, _schema);
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject obj)
    {
        if (_hasStatus) obj.Remove("status");
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        if (_hasStatus || subresource.Length > 0) base.PrepareForUpdate(obj, old, subresource);
        if (subresource != "status") return;
        // Through status only the status changes: of the metadata, too, only the bookkeeping.
        var managers = (obj["metadata"] as JsonObject)?["managedFields"]?.DeepClone();
        obj["metadata"] = old["metadata"]?.DeepClone();
        if (obj["metadata"] is JsonObject metadata && managers is not null) metadata["managedFields"] = managers;
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, FieldErrors errors) => Validate(obj, null, errors);

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) => Validate(obj, old, errors);

    private void Validate(JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        SchemaValidation.Validate(WithoutMetadata(obj), _schema, "", errors);
        if (_rules is null) return;
        if (errors.Causes.Any(Blocks)) errors.Invalid(SchemaRules.Root, "null", "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation");
        else _rules.Check(obj, old, errors);
    }

    // Rules may rely on types, required fields and limits; after such an error they would only report its consequences.
    private static bool Blocks(StatusCause cause) =>
        cause.Reason is "FieldValueRequired" or "FieldValueNotSupported" or "FieldValueTooLong" or "FieldValueTooMany" or "FieldValueDuplicate"
        || cause.Message.Contains("in body must be of type", StringComparison.Ordinal);

    /// <summary>Anything but metadata, and but status where that is a subresource.</summary>
    public override bool ChangesGeneration(JsonObject obj, JsonObject old) =>
        obj.Concat(old).Select(p => p.Key).Distinct(StringComparer.Ordinal)
            .Where(name => name is not ("apiVersion" or "kind" or "metadata") && !(_hasStatus && name == "status"))
            .Any(name => !JsonNode.DeepEquals(obj[name], old[name]));

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string>> SelectableFields(JsonObject obj)
    {
        foreach (var (name, path) in _fields)
            yield return KeyValuePair.Create(name, path.Find(obj) is { Count: > 0 } found ? JsonPath.Text(found[0]) : "");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<JsonNode?> Cells(JsonObject obj, DateTimeOffset now) => _table.Cells(obj, now);

    /// <summary>Metadata has rules of its own; a definition may only say something about its name.</summary>
    private JsonObject WithoutMetadata(JsonObject obj)
    {
        if (_schema.Properties.ContainsKey("metadata") || !obj.ContainsKey("metadata")) return obj;
        var rest = new JsonObject();
        foreach (var (name, value) in obj)
            if (name != "metadata") rest[name] = value?.DeepClone();
        return rest;
    }
}
