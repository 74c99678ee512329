using System.Text.Json.Nodes;
using Orchestrator.Resources.Defaults;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Core;

/// <summary>Secrets (upstream: pkg/registry/core/secret/strategy.go).</summary>
internal sealed class SecretStrategy : RuledStrategy
{
    public SecretStrategy()
    {
        Defaults = ClusterDefaults.Secret;
        Rules = ConfigValidation.Secret;
        Change = ConfigValidation.SecretChange;
        Table = CoreTables.Secret;
        Fields = [("type", "")];
    }

    /// <summary>An update that does not name the type means the one the secret has.</summary>
    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(obj, old, subresource);
        if (old["type"] is { } type) obj.ZeroTo("type", type.DeepClone());
    }
}
