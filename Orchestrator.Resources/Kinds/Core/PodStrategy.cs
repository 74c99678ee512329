using System.Text.Json.Nodes;
using Orchestrator.Resources.Defaults;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Validation;
using Orchestrator.Resources.Validation.Pods;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Resources.Kinds.Core;

/// <summary>Pods (upstream: pkg/registry/core/pod/strategy.go).</summary>
internal sealed class PodStrategy : RuledStrategy
{
    private const string EphemeralContainers = "ephemeralcontainers";
    private const string Resize = "resize";

    public PodStrategy()
    {
        Defaults = PodDefaults.Pod;
        Fields =
        [
            ("spec.nodeName", ""), ("spec.restartPolicy", ""), ("spec.schedulerName", ""), ("spec.serviceAccountName", ""), ("spec.hostNetwork", "false"),
            ("status.phase", ""), ("status.podIP", ""), ("status.nominatedNodeName", ""),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> TableColumns => PodTable.Columns;

    /// <summary>A pod starts Pending, and its class of service is settled here; a gated one says so at once.</summary>
    public override void PrepareForCreate(JsonObject obj)
    {
        // The class depends on requests, some of which are defaults.
        PodDefaults.Pod(obj);
        AffinityLabelKeys.Merge(obj);
        var status = new JsonObject { ["phase"] = "Pending" };
        if (obj["spec"]!["schedulingGates"] is JsonArray { Count: > 0 })
            status["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "PodScheduled",
                ["status"] = "False",
                ["reason"] = "SchedulingGated",
                ["message"] = "Scheduling is blocked due to non-empty scheduling gates",
            });
        status["qosClass"] = QosClass.Of(TypedJson.Read<PodSpec>(obj["spec"]!));
        obj["status"] = status;
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        if (subresource == EphemeralContainers)
        {
            var added = obj["spec"]?["ephemeralContainers"]?.DeepClone();
            base.PrepareForUpdate(obj, old, "status");
            obj["status"] = old["status"]?.DeepClone();
            if (added is null) obj["spec"]!.AsObject().Remove("ephemeralContainers");
            else obj["spec"]!["ephemeralContainers"] = added;
            return;
        }
        if (subresource == Resize)
        {
            PrepareForResize(obj, old);
            return;
        }
        base.PrepareForUpdate(obj, old, subresource);
        if (subresource != "status") return;
        // The class of service was settled at creation, and owners do not change through the status.
        if (old["status"]?["qosClass"] is { } qos && obj["status"] is JsonObject status) status["qosClass"] = qos.DeepClone();
        var metadata = obj.ObjectFor("metadata");
        metadata.Remove("ownerReferences");
        if (old["metadata"]?["ownerReferences"] is { } owners) metadata["ownerReferences"] = owners.DeepClone();
    }

    /// <summary>Of the whole pod only the containers' resources change, which is a proposal to the node.</summary>
    private static void PrepareForResize(JsonObject obj, JsonObject old)
    {
        var wanted = (obj["spec"] as JsonObject)?.ObjectsAt("containers").GroupBy(c => c.TextAt("name")).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal) ?? [];
        obj["spec"] = old["spec"]?.DeepClone();
        obj["status"] = old["status"]?.DeepClone();
        var changed = false;
        foreach (var container in obj.ObjectFor("spec").ObjectsAt("containers"))
        {
            if (!wanted.TryGetValue(container.TextAt("name"), out var mine)) continue;
            foreach (var field in (ReadOnlySpan<string>)["resources", "resizePolicy"])
            {
                if (JsonNode.DeepEquals(container[field], mine[field])) continue;
                changed = true;
                container.Remove(field);
                if (mine[field] is { } value) container[field] = value.DeepClone();
            }
        }
        if (changed) obj.ObjectFor("status")["resize"] = "Proposed";
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var pod = Field.Of(obj);
        PodSpecValidation.Pod(pod, errors);
        if (pod["spec"]["ephemeralContainers"].Count > 0) errors.Forbidden(pod["spec"]["ephemeralContainers"], "cannot be set on create");
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        var (now, before) = (Field.Of(obj), Field.Of(old));
        if (subresource == "status")
        {
            PodUpdateValidation.Status(now, before, errors);
            return;
        }
        PodSpecValidation.Pod(now, errors);
        if (subresource == EphemeralContainers) PodUpdateValidation.EphemeralContainers(now, before, errors);
        else if (subresource == Resize) PodUpdateValidation.Resize(now, before, errors);
        else PodUpdateValidation.Spec(now, before, errors);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<JsonNode?> Cells(JsonObject obj, DateTimeOffset now) => PodTable.Cells(obj, now);
}
