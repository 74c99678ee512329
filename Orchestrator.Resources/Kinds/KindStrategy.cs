using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Kinds;

/// <summary>
/// The rules of one kind as pure functions over an object's JSON (Kubernetes' registry strategies). The generic metadata rules
/// (name, uid, timestamps, generation, resourceVersion, labels, owner references, finalizers) are applied by the write pipeline and
/// are not repeated here. Implementations read through the typed classes where that is clearer and may not keep state.
/// </summary>
public abstract class KindStrategy
{
    /// <summary>Fills unset fields as Kubernetes defaults them. Runs after decoding and after every patch, before validation.</summary>
    public virtual void Default(JsonObject obj) { }

    /// <summary>What a create may not bring: drops status, sets initial phase and the like.</summary>
    public virtual void PrepareForCreate(JsonObject obj) => obj.Remove("status");

    /// <summary>
    /// What an update may not touch. <paramref name="subresource"/> is empty for the main resource, else e.g. <c>status</c>.
    /// The default keeps the old status on main updates; and on <c>status</c> updates keeps everything but the status.
    /// </summary>
    public virtual void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        if (subresource == "status")
        {
            foreach (var name in obj.Select(p => p.Key).Where(n => n is not ("status" or "metadata")).ToList()) obj.Remove(name);
            foreach (var (name, value) in old)
                if (name is not ("status" or "metadata")) obj[name] = value?.DeepClone();
        }
        else
        {
            obj.Remove("status");
            if (old["status"] is { } status) obj["status"] = status.DeepClone();
        }
    }

    /// <summary>Validates a new object; messages and paths are Kubernetes'.</summary>
    public virtual void Validate(JsonObject obj, FieldErrors errors) { }

    /// <summary>Validates a change, immutable fields included. The default validates the new object alone.</summary>
    public virtual void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) => Validate(obj, errors);

    /// <summary>Whether a change from <paramref name="old"/> to <paramref name="obj"/> raises <c>metadata.generation</c>. Default: the spec differs.</summary>
    public virtual bool ChangesGeneration(JsonObject obj, JsonObject old) => !JsonNode.DeepEquals(obj["spec"], old["spec"]);

    /// <summary>Selectable fields beyond metadata.name and metadata.namespace, e.g. <c>spec.nodeName</c>. Every selectable field is always present.</summary>
    public virtual IEnumerable<KeyValuePair<string, string>> SelectableFields(JsonObject obj) => [];

    /// <summary>Table columns after Name, with upstream's names, types, priorities (0 default, 1 wide). Age is a column of its own.</summary>
    public virtual IReadOnlyList<TableColumn> Columns => DefaultColumns;

    /// <summary>All columns as the table lists them, parallel to <see cref="Cells"/>. Name comes first, but for events, whose name is a wide column at the end.</summary>
    public virtual IReadOnlyList<TableColumn> TableColumns => [TableColumn.NameColumn, .. Columns];

    /// <summary>The object's cells: one per entry of <see cref="TableColumns"/>.</summary>
    public virtual IReadOnlyList<JsonNode?> Cells(JsonObject obj, DateTimeOffset now) =>
        [(string?)obj["metadata"]?["name"], TableColumn.Age(obj, now)];

    /// <summary>Only the age.</summary>
    protected static readonly IReadOnlyList<TableColumn> DefaultColumns = [TableColumn.AgeColumn];
}
