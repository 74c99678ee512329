using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds;

/// <summary>
/// A strategy put together from pure functions: what is defaulted, what must hold, what may not change, what the table shows. Most kinds
/// need no more; a kind whose creation or update does more derives from this.
/// </summary>
internal class RuledStrategy : KindStrategy
{
    private static readonly string[] OutsideGeneration = ["apiVersion", "kind", "metadata", "status"];

    /// <summary>Fills unset fields.</summary>
    public Action<JsonObject>? Defaults { get; init; }

    /// <summary>What must hold of the object, new or changed.</summary>
    public Action<Field, FieldErrors>? Rules { get; init; }

    /// <summary>What must hold between the object and what it was; the old object comes second.</summary>
    public Action<Field, Field, FieldErrors>? Change { get; init; }

    /// <summary>What must hold of a status written through its subresource.</summary>
    public Action<Field, FieldErrors>? StatusRules { get; init; }

    /// <summary>The status a new object starts with; null starts with none.</summary>
    public Func<JsonObject>? InitialStatus { get; init; }

    /// <summary>The table.</summary>
    public TableLayout Table { get; init; } = TableLayout.Plain;

    /// <summary>Paths of the fields that clients may select by, and how they read where they are not set.</summary>
    public IReadOnlyList<(string Path, string Unset)> Fields { get; init; } = [];

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> TableColumns => Table.Columns;

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => [.. TableColumns.Where(c => c.Format != "name")];

    /// <inheritdoc/>
    public override void Default(JsonObject obj) => Defaults?.Invoke(obj);

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject obj)
    {
        base.PrepareForCreate(obj);
        if (InitialStatus is not null) obj["status"] = InitialStatus();
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, FieldErrors errors) => Rules?.Invoke(Field.Of(obj), errors);

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        var (now, before) = (Field.Of(obj), Field.Of(old));
        if (subresource == "status")
        {
            StatusRules?.Invoke(now, errors);
            return;
        }
        Rules?.Invoke(now, errors);
        Change?.Invoke(now, before, errors);
    }

    /// <summary>The spec differs; of kinds without a spec, anything but metadata and status.</summary>
    public override bool ChangesGeneration(JsonObject obj, JsonObject old)
    {
        if (obj["spec"] is not null || old["spec"] is not null) return base.ChangesGeneration(obj, old);
        return obj.Concat(old).Select(p => p.Key).Distinct(StringComparer.Ordinal).Except(OutsideGeneration, StringComparer.Ordinal)
            .Any(name => !JsonNode.DeepEquals(obj[name], old[name]));
    }

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string>> SelectableFields(JsonObject obj)
    {
        foreach (var (path, unset) in Fields)
        {
            var field = Field.Of(obj);
            foreach (var name in path.Split('.')) field = field[name];
            yield return KeyValuePair.Create(path, field.Exists ? Text(field) : unset);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<JsonNode?> Cells(JsonObject obj, DateTimeOffset now) => Table.Cells(obj, now);

    private static string Text(Field field) => field.IsText ? field.Text : field.Node!.ToJsonString();
}
