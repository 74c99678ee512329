using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Admission;

/// <summary>Fills in the class of new objects that name none (upstream's admission plugin DefaultIngressClass), and what a pod's RuntimeClass asks for.</summary>
internal static class DefaultClasses
{
    private const string DefaultIngress = "ingressclass.kubernetes.io/is-default-class";

    /// <summary>Completes an Ingress in place; of several default classes the newest counts.</summary>
    public static void Apply(ResourceKind kind, JsonObject obj, ResourceCache cache)
    {
        if (obj["spec"] is not JsonObject spec) return;
        if (kind is { Group: "networking.k8s.io", Kind: "Ingress" } && spec["ingressClassName"] is null && !Annotated(obj, "kubernetes.io/ingress.class"))
        {
            var defaults = cache.List("ingressclasses.networking.k8s.io").Where(e => IsTrue(e.ToJsonObject(), DefaultIngress)).ToList();
            if (defaults.Count == 0) return;
            var newest = defaults.OrderByDescending(e => ObjectMeta.Get(e.ToJsonObject(), "creationTimestamp"), StringComparer.Ordinal).ThenBy(e => e.Name, StringComparer.Ordinal).First();
            spec["ingressClassName"] = newest.Name;
        }
    }

    /// <summary>Gives a pod the overhead and the scheduling of its RuntimeClass. Throws 403 for a class that is not there, or a pod that contradicts it.</summary>
    public static void Runtime(JsonObject pod, ResourceCache cache)
    {
        if (pod["spec"] is not JsonObject spec) return;
        var name = (string?)spec["runtimeClassName"] ?? "";
        if (name.Length == 0)
        {
            if (spec["overhead"] is JsonObject { Count: > 0 }) Refuse(pod, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
            return;
        }
        if (cache.Get(new ResourceKey("runtimeclasses.node.k8s.io", "", name))?.ToJsonObject() is not { } runtime)
        {
            Refuse(pod, $"pod rejected: RuntimeClass \"{name}\" not found");
            return;
        }
        if (runtime["overhead"]?["podFixed"] is JsonObject { Count: > 0 } overhead)
        {
            if (spec["overhead"] is JsonObject { Count: > 0 } own && !JsonNode.DeepEquals(own, overhead)) Refuse(pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
            spec["overhead"] = overhead.DeepClone();
        }
        else if (spec["overhead"] is JsonObject { Count: > 0 })
        {
            Refuse(pod, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
        }
        Scheduling(pod, spec, runtime["scheduling"] as JsonObject);
    }

    private static void Scheduling(JsonObject pod, JsonObject spec, JsonObject? scheduling)
    {
        foreach (var (label, value) in scheduling?["nodeSelector"] as JsonObject ?? [])
        {
            if (spec["nodeSelector"] is not JsonObject selector) spec["nodeSelector"] = selector = [];
            if (selector[label] is { } own && !JsonNode.DeepEquals(own, value)) Refuse(pod, $"conflict: runtimeClass.scheduling.nodeSelector[{label}] = {value}; pod.spec.nodeSelector[{label}] = {own}");
            selector[label] = value?.DeepClone();
        }
        foreach (var toleration in scheduling?["tolerations"] as JsonArray ?? [])
        {
            if (spec["tolerations"] is not JsonArray tolerations) spec["tolerations"] = tolerations = [];
            if (!tolerations.Any(t => JsonNode.DeepEquals(t, toleration))) tolerations.Add(toleration?.DeepClone());
        }
    }

    private static bool Annotated(JsonObject obj, string annotation) => obj["metadata"]?["annotations"]?[annotation] is not null;

    private static bool IsTrue(JsonObject obj, string annotation) => (string?)obj["metadata"]?["annotations"]?[annotation] == "true";

    private static void Refuse(JsonObject pod, string why) => throw ApiStatus.Forbidden("pods", ObjectMeta.Get(pod, "name"), why).AsException();
}
