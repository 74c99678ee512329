using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Defaults;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Scheduling.V1;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Admission;

/// <summary>The built-in admission steps for new objects that need to look at other objects; the rest are pure defaults of the kinds.</summary>
public static class AdmissionChain
{
    private const string SystemClusterCritical = "system-cluster-critical";
    private const string SystemNodeCritical = "system-node-critical";

    /// <summary>Completes a defaulted object in place. Throws <see cref="StatusException"/> 403 for a refusal.</summary>
    public static void Admit(ResourceKind kind, JsonObject obj, ResourceCache cache)
    {
        if (kind is { Group: "", Kind: "PersistentVolume" or "PersistentVolumeClaim" }) VolumeAdmission.Admit(kind.Kind, obj, cache);
        var ns = ObjectMeta.Get(obj, "namespace");
        DefaultClasses.Apply(kind, obj, cache);
        if (kind is not { Group: "", Kind: "Pod" }) return;
        foreach (var range in cache.List("limitranges", ns)) LimitRanges.Default(obj, range.ToJsonObject());
        var (priority, preemption) = Priority(obj, cache);
        PodAdmission.Admit(obj, Account(obj, ns, cache), Random.Shared, priority, preemption);
        DefaultClasses.Runtime(obj, cache);
    }

    /// <summary>What a new object must be in its namespace, asked when nobody changes it any more. Throws <see cref="StatusException"/> 403 for a refusal.</summary>
    public static void Validate(ResourceKind kind, JsonObject obj, ResourceCache cache)
    {
        if (kind is not { Group: "", Kind: "Pod" or "PersistentVolumeClaim" }) return;
        var ns = ObjectMeta.Get(obj, "namespace");
        var ranges = cache.List("limitranges", ns).Select(r => r.ToJsonObject());
        if (kind.Kind == "PersistentVolumeClaim")
        {
            Refuse(kind, obj, ranges.SelectMany(r => LimitRanges.CheckClaim(obj, r)));
            return;
        }
        Refuse(kind, obj, ranges.SelectMany(r => LimitRanges.CheckPod(obj, r)));
        if (PodSecurity.Refusal(NamespaceLabels(ns, cache), obj["spec"]!.AsObject()) is { } refusal) Refuse(kind, obj, [refusal]);
    }

    /// <summary>What the creator of a pod, or of something that makes pods, is to be warned about in its namespace; null for nothing.</summary>
    public static string? SecurityWarning(ResourceKind kind, JsonObject obj, string ns, ResourceCache cache)
    {
        if (!kind.Namespaced || NamespaceLabels(ns, cache) is not { } labels) return null;
        return PodTemplates.Of(kind, obj)?.Template["spec"] is JsonObject pod ? PodSecurity.Warning(labels, pod) : null;
    }

    private static JsonObject? NamespaceLabels(string ns, ResourceCache cache) =>
        cache.Get(new ResourceKey("namespaces", "", ns)) is { Labels.Count: > 0 } entry ? entry.ToJsonObject()["metadata"]?["labels"] as JsonObject : null;

    /// <summary>Refuses an object for what is out of bounds, in upstream's form of one or of several errors.</summary>
    private static void Refuse(ResourceKind kind, JsonObject obj, IEnumerable<string> problems)
    {
        var all = problems.Distinct(StringComparer.Ordinal).ToList();
        if (all.Count == 0) return;
        throw ApiStatus.Forbidden(kind.GroupResource, ObjectMeta.Get(obj, "name"), all.Count == 1 ? all[0] : $"[{string.Join(", ", all)}]").AsException();
    }

    private static ServiceAccountFacts Account(JsonObject pod, string ns, ResourceCache cache)
    {
        var name = PodAdmission.ServiceAccountName(pod);
        var entry = cache.Get(new ResourceKey("serviceaccounts", ns, name));
        if (entry is null)
            throw ApiStatus.Forbidden("pods", ObjectMeta.Get(pod, "name"), $"error looking up service account {ns}/{name}: serviceaccount \"{name}\" not found").AsException();
        var account = entry.Read<ServiceAccount>();
        return new ServiceAccountFacts(account.AutomountServiceAccountToken, [.. (account.ImagePullSecrets ?? []).Select(s => s.Name)]);
    }

    private static (int Value, string Preemption) Priority(JsonObject pod, ResourceCache cache)
    {
        var name = (string?)pod["spec"]?["priorityClassName"] ?? "";
        if (name.Length > 0)
        {
            if (name == SystemClusterCritical) return (2_000_000_000, "PreemptLowerPriority");
            if (name == SystemNodeCritical) return (2_000_001_000, "PreemptLowerPriority");
            if (cache.Get(new ResourceKey("priorityclasses.scheduling.k8s.io", "", name)) is not { } found)
                throw ApiStatus.Forbidden("pods", ObjectMeta.Get(pod, "name"), $"no PriorityClass with name {name} was found").AsException();
            return Of(found.Read<PriorityClass>());
        }
        var byDefault = cache.List("priorityclasses.scheduling.k8s.io").FirstOrDefault(c => c.Read<PriorityClass>().GlobalDefault);
        if (byDefault is null) return (0, "PreemptLowerPriority");
        pod["spec"]!["priorityClassName"] = byDefault.Name;
        return Of(byDefault.Read<PriorityClass>());
    }

    private static (int, string) Of(PriorityClass found) => (found.Value, found.PreemptionPolicy ?? "PreemptLowerPriority");
}
