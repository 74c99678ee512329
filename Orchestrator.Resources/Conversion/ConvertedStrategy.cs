using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Conversion;

/// <summary>The rules of a version that is another version's view: they are the stored version's, on the converted object.</summary>
internal class ConvertedStrategy(KindStrategy stored, KindConversion conversion) : KindStrategy
{
    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> TableColumns => stored.TableColumns;

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns => stored.Columns;

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        var converted = Stored(obj);
        stored.Default(converted);
        var back = conversion.FromStored(converted);
        obj.Clear();
        foreach (var (name, value) in back.ToList())
        {
            back.Remove(name);
            obj[name] = value;
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, FieldErrors errors) => stored.Validate(Stored(obj), errors);

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) => stored.ValidateUpdate(Stored(obj), Stored(old), subresource, errors);

    /// <inheritdoc/>
    public override bool ChangesGeneration(JsonObject obj, JsonObject old) => stored.ChangesGeneration(Stored(obj), Stored(old));

    /// <inheritdoc/>
    public override IReadOnlyList<JsonNode?> Cells(JsonObject obj, DateTimeOffset now) => stored.Cells(Stored(obj), now);

    /// <summary>A copy of the object in the stored version.</summary>
    protected JsonObject Stored(JsonObject obj) => conversion.ToStored(obj.DeepClone().AsObject());
}
