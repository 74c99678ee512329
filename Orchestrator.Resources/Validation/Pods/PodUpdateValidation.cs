using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>What may change in a pod that exists (upstream: ValidatePodUpdate, ValidatePodStatusUpdate, ValidatePodEphemeralContainersUpdate).</summary>
internal static class PodUpdateValidation
{
    private const string Updatable =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
        "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

    private static readonly string[] BuiltInConditions = ["PodScheduled", "Ready", "Initialized", "ContainersReady", "DisruptionTarget", "PodReadyToStartContainers"];

    /// <summary>A change of the pod itself: images, a shorter deadline, more tolerations; scheduling while gated.</summary>
    public static void Spec(Field now, Field before, FieldErrors errors)
    {
        var (spec, old) = (now["spec"], before["spec"]);
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            if (spec[list].Count == old[list].Count) continue;
            errors.Forbidden(spec[list], "pod updates may not add or remove containers");
            return;
        }
        if (!Deadline(spec["activeDeadlineSeconds"], old["activeDeadlineSeconds"], errors)) return;
        OnlyAddedTolerations(spec["tolerations"], old["tolerations"], errors);
        Gates(spec["schedulingGates"], old["schedulingGates"], errors);
        // Most updates are of metadata: nothing to look for then.
        if (JsonNode.DeepEquals(spec.Node, old.Node)) return;
        var changed = ChangedFields(spec, old, errors);
        if (changed.Count > 0) errors.Forbidden(spec, Updatable + string.Join("\n", changed));
    }

    /// <summary>A change of the pod's status: the node stays, and finished containers do not come back to life.</summary>
    public static void Status(Field now, Field before, FieldErrors errors)
    {
        var (status, old) = (now["status"], before["status"]);
        if (now["spec"]["nodeName"].Text != before["spec"]["nodeName"].Text) errors.Forbidden(status["nodeName"], "may not be changed directly");
        foreach (var condition in status["conditions"].Items)
            if (!BuiltInConditions.Contains(condition["type"].Text)) errors.Invalid(condition["type"], NameFormats.QualifiedName(condition["type"].Text));
        var nominated = status["nominatedNodeName"];
        if (nominated.Text.Length > 0 && nominated.Text != old["nominatedNodeName"].Text) errors.Invalid(nominated, NameFormats.Dns1123Subdomain(nominated.Text));
        foreach (var ip in status["podIPs"].Items)
            if (!AddressValidation.TryParse(ip["ip"].Text, out _)) errors.Invalid(ip["ip"], AddressValidation.NoAddress);
        foreach (var list in (ReadOnlySpan<string>)["containerStatuses", "initContainerStatuses"]) Transitions(now["spec"], status[list], old[list], list, errors);
    }

    /// <summary>Ephemeral containers may be added, never changed or taken away.</summary>
    public static void EphemeralContainers(Field now, Field before, FieldErrors errors)
    {
        var list = now["spec"]["ephemeralContainers"];
        foreach (var old in before["spec"]["ephemeralContainers"].Items)
        {
            var name = old["name"].Text;
            var kept = list.Items.Where(c => c["name"].Text == name).Select(c => c.Node).FirstOrDefault();
            if (kept is null) errors.Forbidden(list, $"existing ephemeral containers \"{name}\" may not be removed\n");
            else if (!JsonNode.DeepEquals(kept, old.Node)) errors.Forbidden(list, $"existing ephemeral containers \"{name}\" may not be changed\n");
        }
    }

    /// <summary>CPU and memory of containers may change, as long as the pod's class of service does not (upstream: ValidatePodResize).</summary>
    public static void Resize(Field now, Field before, FieldErrors errors)
    {
        foreach (var (mine, old) in now["spec"]["containers"].Items.Zip(before["spec"]["containers"].Items))
            foreach (var list in (ReadOnlySpan<string>)["requests", "limits"])
            {
                var (amounts, was) = (mine["resources"][list], old["resources"][list]);
                foreach (var name in amounts.Entries.Concat(was.Entries).Select(e => e.Key).Distinct(StringComparer.Ordinal))
                    if (name is not ("cpu" or "memory") && amounts[name].Text != was[name].Text) errors.Forbidden("spec", "only cpu and memory resources are mutable");
            }
        var qos = QosClass.Of(TypedJson.Read<PodSpec>(now["spec"].Node!));
        if (qos != before["status"]["qosClass"].Text) errors.Invalid("spec", qos, "Pod QOS Class may not change as a result of resizing");
    }

    /// <summary>False where upstream stops looking further.</summary>
    private static bool Deadline(Field now, Field before, FieldErrors errors)
    {
        if (!now.Exists)
        {
            if (before.Exists) errors.Invalid(now.Path.ToString(), null, "must not update from a positive integer to nil value");
            return true;
        }
        if (now.Number is < 0 or > int.MaxValue)
        {
            errors.Invalid(now, NameFormats.Between(0, int.MaxValue));
            return false;
        }
        if (!before.Exists || before.Number >= now.Number) return true;
        errors.Invalid(now, "must be less than or equal to previous value");
        return false;
    }

    private static void OnlyAddedTolerations(Field now, Field before, FieldErrors errors)
    {
        foreach (var old in before.Items)
        {
            if (now.Items.Any(t => JsonNode.DeepEquals(WithoutSeconds(t), WithoutSeconds(old)))) continue;
            errors.Forbidden(now, "existing toleration can not be modified except its tolerationSeconds");
            return;
        }
    }

    private static JsonNode? WithoutSeconds(Field toleration)
    {
        var copy = toleration.Node?.DeepClone();
        (copy as JsonObject)?.Remove("tolerationSeconds");
        return copy;
    }

    private static void Gates(Field now, Field before, FieldErrors errors)
    {
        var had = before.Items.Select(g => g["name"].Text).ToHashSet(StringComparer.Ordinal);
        foreach (var gate in now.Items)
            if (!had.Contains(gate["name"].Text)) errors.Forbidden(gate, $"only deletion is allowed, but found new scheduling gate '{gate["name"].Text}'");
    }

    /// <summary>The fields that differ though they may not, each with its two values.</summary>
    private static List<string> ChangedFields(Field spec, Field old, FieldErrors errors)
    {
        var gated = old["schedulingGates"].Count > 0;
        if (gated) GatedPodValidation.Narrowing(spec, old, errors);
        var changed = new List<string>();
        foreach (var name in spec.Entries.Concat(old.Entries).Select(e => e.Key).Distinct(StringComparer.Ordinal))
        {
            var (now, before) = (spec[name], old[name]);
            if (name is "activeDeadlineSeconds" or "tolerations" or "schedulingGates") continue;
            if (gated && (name == "nodeSelector" || (name == "affinity" && JsonNode.DeepEquals(GatedPodValidation.Fixed(now.Node), GatedPodValidation.Fixed(before.Node))))) continue;
            if (name == "terminationGracePeriodSeconds" && before.Number < 0 && now.Number == 1) continue;
            var same = name is "containers" or "initContainers"
                ? now.Items.Zip(before.Items).All(p => JsonNode.DeepEquals(WithoutImage(p.First), WithoutImage(p.Second)))
                : FieldErrorsAtField.SameValue(now.Node, before.Node);
            if (!same) changed.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: {before.Node?.ToJsonString() ?? "null"} -> {now.Node?.ToJsonString() ?? "null"}"));
        }
        return changed;
    }

    private static JsonNode? WithoutImage(Field container)
    {
        var copy = container.Node?.DeepClone();
        (copy as JsonObject)?.Remove("image");
        return copy;
    }

    private static void Transitions(Field spec, Field now, Field before, string list, FieldErrors errors)
    {
        var policy = spec["restartPolicy"].Text;
        if (policy == "Always") return;
        var index = 0;
        foreach (var old in before.Items)
        {
            var at = index++;
            var ended = old["state"]["terminated"];
            if (!ended.Exists || (ended["exitCode"].Number != 0 && policy == "OnFailure")) continue;
            if (list == "initContainerStatuses" && spec["initContainers"].Items.Any(c => c["name"].Text == old["name"].Text && c["restartPolicy"].Text == "Always")) continue;
            if (now.Items.Any(s => s["name"].Text == old["name"].Text && !s["state"]["terminated"].Exists))
                errors.Forbidden(now.Path.Index(at).Child("state").ToString(), "may not be transitioned to non-terminated state");
        }
    }
}
