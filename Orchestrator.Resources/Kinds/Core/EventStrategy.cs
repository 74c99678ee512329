using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Core;

/// <summary>Events of the core API (upstream: pkg/registry/core/event/strategy.go).</summary>
internal sealed class EventStrategy : RuledStrategy
{
    public EventStrategy()
    {
        Rules = EventValidation.Event;
        Table = CoreTables.Event;
        Fields =
        [
            ("involvedObject.kind", ""), ("involvedObject.namespace", ""), ("involvedObject.name", ""), ("involvedObject.uid", ""),
            ("involvedObject.apiVersion", ""), ("involvedObject.resourceVersion", ""), ("involvedObject.fieldPath", ""), ("reason", ""),
            ("reportingComponent", ""), ("type", ""),
        ];
    }

    /// <summary>Besides plain fields, <c>source</c>: who reports, whichever API the event came through.</summary>
    public override IEnumerable<KeyValuePair<string, string>> SelectableFields(JsonObject obj)
    {
        var ev = Field.Of(obj);
        var component = ev["source"]["component"].Text;
        return base.SelectableFields(obj).Append(KeyValuePair.Create("source", component.Length > 0 ? component : ev["reportingComponent"].Text));
    }
}
