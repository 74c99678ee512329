using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Defaults;

/// <summary>Defaults of the remaining built-in kinds, one small function per kind (upstream: pkg/apis/*/v1/defaults.go).</summary>
internal static class ClusterDefaults
{
    private const string RbacGroup = "rbac.authorization.k8s.io";

    /// <summary>v1 Namespace: its own name is a label, so that selectors can name it.</summary>
    public static void Namespace(JsonObject obj)
    {
        var meta = obj.ObjectFor("metadata");
        if (meta.TextAt("name") is { Length: > 0 } name) meta.ObjectFor("labels")["kubernetes.io/metadata.name"] = name;
        obj.ObjectFor("status").ZeroTo("phase", "Active");
    }

    /// <summary>v1 Node: what is allocatable is the capacity until somebody says otherwise.</summary>
    public static void Node(JsonObject obj)
    {
        if (obj.ObjectAt("status") is { } status && status.ObjectAt("capacity") is { } capacity) status.DefaultTo("allocatable", capacity.DeepClone());
    }

    /// <summary>v1 Secret: <c>stringData</c> is write-only and lands, encoded, in <c>data</c>.</summary>
    public static void Secret(JsonObject obj)
    {
        obj.ZeroTo("type", "Opaque");
        if (obj.ObjectAt("stringData") is { } plain)
        {
            var data = obj.ObjectFor("data");
            foreach (var (key, value) in plain) data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Validation.Field.AsText(value) ?? ""));
        }
        obj.Remove("stringData");
    }

    /// <summary>v1 Endpoints.</summary>
    public static void Endpoints(JsonObject obj)
    {
        foreach (var subset in obj.ObjectsAt("subsets"))
            foreach (var port in subset.ObjectsAt("ports")) port.ZeroTo("protocol", "TCP");
    }

    /// <summary>discovery.k8s.io/v1 EndpointSlice.</summary>
    public static void EndpointSlice(JsonObject obj)
    {
        foreach (var port in obj.ObjectsAt("ports"))
        {
            port.DefaultTo("name", "");
            port.DefaultTo("protocol", "TCP");
        }
    }

    /// <summary>v1 PersistentVolume.</summary>
    public static void PersistentVolume(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        spec.ZeroTo("persistentVolumeReclaimPolicy", "Retain");
        spec.DefaultTo("volumeMode", "Filesystem");
        VolumeDefaults.Source(spec);
        obj.ObjectFor("status").ZeroTo("phase", "Pending");
    }

    /// <summary>v1 PersistentVolumeClaim.</summary>
    public static void PersistentVolumeClaim(JsonObject obj)
    {
        VolumeDefaults.Claim(obj.ObjectFor("spec"));
        obj.ObjectFor("status").ZeroTo("phase", "Pending");
    }

    /// <summary>v1 LimitRange: a container's default limit follows its maximum, its default request the limit, else the minimum.</summary>
    public static void LimitRange(JsonObject obj)
    {
        foreach (var item in obj.ObjectFor("spec").ObjectsAt("limits"))
        {
            if (item.TextAt("type") != "Container") continue;
            Copy(item, "max", "default");
            Copy(item, "default", "defaultRequest");
            Copy(item, "min", "defaultRequest");
        }
    }

    /// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
    public static void NetworkPolicy(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        foreach (var rule in spec.ObjectsAt("ingress").Concat(spec.ObjectsAt("egress")))
            foreach (var port in rule.ObjectsAt("ports")) port.DefaultTo("protocol", "TCP");
        if (spec["policyTypes"] is JsonArray { Count: > 0 }) return;
        spec["policyTypes"] = spec["egress"] is JsonArray { Count: > 0 } ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
    }

    /// <summary>networking.k8s.io/v1 IngressClass.</summary>
    public static void IngressClass(JsonObject obj) => obj.ObjectAt("spec")?.ObjectAt("parameters")?.DefaultTo("scope", "Cluster");

    /// <summary>storage.k8s.io/v1 StorageClass.</summary>
    public static void StorageClass(JsonObject obj)
    {
        obj.DefaultTo("reclaimPolicy", "Delete");
        obj.DefaultTo("volumeBindingMode", "Immediate");
    }

    /// <summary>storage.k8s.io/v1 CSIDriver.</summary>
    public static void CsiDriver(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        spec.DefaultTo("attachRequired", true);
        spec.DefaultTo("fsGroupPolicy", "ReadWriteOnceWithFSType");
        foreach (var off in (ReadOnlySpan<string>)["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"]) spec.DefaultTo(off, false);
        if (spec["volumeLifecycleModes"] is not JsonArray { Count: > 0 }) spec["volumeLifecycleModes"] = new JsonArray("Persistent");
    }

    /// <summary>scheduling.k8s.io/v1 PriorityClass.</summary>
    public static void PriorityClass(JsonObject obj) => obj.DefaultTo("preemptionPolicy", "PreemptLowerPriority");

    /// <summary>RoleBinding and ClusterRoleBinding: the groups of the role and of its users are the RBAC group, a service account's is core.</summary>
    public static void RoleBinding(JsonObject obj)
    {
        obj.ObjectAt("roleRef")?.ZeroTo("apiGroup", RbacGroup);
        foreach (var subject in obj.ObjectsAt("subjects"))
            if (subject.TextAt("kind") is "User" or "Group") subject.ZeroTo("apiGroup", RbacGroup);
    }

    /// <summary>autoscaling/v2 HorizontalPodAutoscaler: one replica at least, 80 % of the CPU request unless told otherwise.</summary>
    public static void HorizontalPodAutoscaler(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        spec.DefaultTo("minReplicas", 1);
        if (spec["metrics"] is not JsonArray { Count: > 0 })
            spec["metrics"] = new JsonArray(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = 80 } },
            });
        if (spec.ObjectAt("behavior") is not { } behavior) return;
        ScalingRules(behavior.ObjectFor("scaleUp"), "Max", 0, [Policy("Pods", 4), Policy("Percent", 100)]);
        ScalingRules(behavior.ObjectFor("scaleDown"), "Max", null, [Policy("Percent", 100)]);
    }

    /// <summary>flowcontrol FlowSchema.</summary>
    public static void FlowSchema(JsonObject obj) => obj.ObjectFor("spec").ZeroTo("matchingPrecedence", 1000);

    /// <summary>flowcontrol PriorityLevelConfiguration.</summary>
    public static void PriorityLevel(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        if (spec.ObjectAt("exempt") is { } exempt)
        {
            exempt.DefaultTo("nominalConcurrencyShares", 0);
            exempt.DefaultTo("lendablePercent", 0);
        }
        if (spec.ObjectAt("limited") is not { } limited) return;
        limited.DefaultTo("nominalConcurrencyShares", 30);
        limited.DefaultTo("lendablePercent", 0);
        if (limited.ObjectAt("limitResponse")?.ObjectAt("queuing") is not { } queuing) return;
        queuing.ZeroTo("handSize", 8);
        queuing.ZeroTo("queues", 64);
        queuing.ZeroTo("queueLengthLimit", 50);
    }

    /// <summary>MutatingWebhookConfiguration and ValidatingWebhookConfiguration.</summary>
    public static void Webhooks(JsonObject obj)
    {
        var mutating = obj.TextAt("kind") == "MutatingWebhookConfiguration";
        foreach (var hook in obj.ObjectsAt("webhooks"))
        {
            hook.DefaultTo("failurePolicy", "Fail");
            hook.DefaultTo("timeoutSeconds", 10);
            MatchRules(hook, "rules");
            if (mutating) hook.DefaultTo("reinvocationPolicy", "Never");
            hook.ObjectAt("clientConfig")?.ObjectAt("service")?.DefaultTo("port", 443);
        }
    }

    /// <summary>ValidatingAdmissionPolicy.</summary>
    public static void AdmissionPolicy(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        spec.DefaultTo("failurePolicy", "Fail");
        if (spec.ObjectAt("matchConstraints") is { } match) MatchRules(match, "resourceRules");
    }

    /// <summary>ValidatingAdmissionPolicyBinding.</summary>
    public static void AdmissionPolicyBinding(JsonObject obj)
    {
        if (obj.ObjectAt("spec")?.ObjectAt("matchResources") is { } match) MatchRules(match, "resourceRules");
    }

    private static void MatchRules(JsonObject holder, string rules)
    {
        holder.DefaultTo("matchPolicy", "Equivalent");
        holder.DefaultTo("namespaceSelector", new JsonObject());
        holder.DefaultTo("objectSelector", new JsonObject());
        foreach (var rule in holder.ObjectsAt(rules)) rule.DefaultTo("scope", "*");
    }

    private static void ScalingRules(JsonObject rules, string selectPolicy, int? stabilization, JsonArray policies)
    {
        rules.DefaultTo("selectPolicy", selectPolicy);
        if (stabilization is { } seconds) rules.DefaultTo("stabilizationWindowSeconds", seconds);
        if (rules["policies"] is not JsonArray { Count: > 0 }) rules["policies"] = policies;
    }

    private static JsonObject Policy(string type, int value) => new() { ["type"] = type, ["value"] = value, ["periodSeconds"] = 15 };

    private static void Copy(JsonObject item, string from, string to)
    {
        if (item.ObjectAt(from) is not { Count: > 0 } source) return;
        var target = item.ObjectFor(to);
        foreach (var (key, value) in source)
            if (value is not null) target.DefaultTo(key, value.DeepClone());
    }
}
