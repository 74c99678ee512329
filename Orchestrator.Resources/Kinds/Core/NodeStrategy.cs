using System.Text.Json.Nodes;
using Orchestrator.Resources.Defaults;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Core;

/// <summary>Nodes (upstream: pkg/registry/core/node/strategy.go).</summary>
internal sealed class NodeStrategy : RuledStrategy
{
    public NodeStrategy()
    {
        Defaults = ClusterDefaults.Node;
        Rules = NodeValidation.Node;
        Change = NodeValidation.Change;
        StatusRules = NodeValidation.Status;
        Table = CoreTables.Node;
        Fields = [("spec.unschedulable", "false")];
    }

    /// <summary>A node brings its status along: its agent knows it before the object exists.</summary>
    public override void PrepareForCreate(JsonObject obj) { }
}
