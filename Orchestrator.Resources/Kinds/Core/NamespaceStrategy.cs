using System.Text.Json.Nodes;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Defaults;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Core;

/// <summary>Namespaces (upstream: pkg/registry/core/namespace/strategy.go). A finalizer in the spec holds one until it has been emptied.</summary>
internal sealed class NamespaceStrategy : RuledStrategy
{
    private const string Finalizer = "kubernetes";

    public NamespaceStrategy()
    {
        Defaults = ClusterDefaults.Namespace;
        Rules = ClusterValidation.Namespace;
        StatusRules = ClusterValidation.NamespaceStatus;
        InitialStatus = () => new JsonObject { ["phase"] = "Active" };
        Table = CoreTables.Namespace;
        Fields = [("status.phase", "")];
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject obj)
    {
        base.PrepareForCreate(obj);
        var spec = obj.ObjectFor("spec");
        if (spec["finalizers"] is not JsonArray finalizers) spec["finalizers"] = finalizers = [];
        if (!finalizers.Any(f => Field.AsText(f) == Finalizer)) finalizers.Add(Finalizer);
    }

    /// <summary>The spec's finalizers change through <c>finalize</c> only.</summary>
    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(obj, old, subresource);
        if (subresource == "finalize") return;
        obj.Remove("spec");
        if (old["spec"] is { } spec) obj["spec"] = spec.DeepClone();
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (subresource == "status") StatusRules!(Field.Of(obj), errors);
        else if (subresource == "finalize") Rules!(Field.Of(obj), errors);
        else PodSecurity.ValidateLabels(Field.Of(obj)["metadata"]["labels"], errors);
    }
}
