using System.Text.Json.Nodes;

namespace Orchestrator.Api.Security;

/// <summary>Roles for components of a cluster. Ours need none, but what people install beside them (a second scheduler, a provisioner, a proxy) is bound to these by name.</summary>
public static partial class DefaultRoles
{
    private const string Certificates = "certificates.k8s.io";

    private static IEnumerable<JsonObject> Components() =>
    [
        Role("system:heapster", "", Rule(Read, [""], "events", "namespaces", "nodes", "pods"), Rule(Read, ["extensions"], "deployments")),
        Role("system:kube-aggregator", "", Rule(Read, [""], "endpoints", "services")),
        Role("system:kube-controller-manager", "",
            Rule(["create", "patch", "update"], ["", "events.k8s.io"], "events"),
            Rule(["create"], ["coordination.k8s.io"], "leases"),
            Named(["get", "update"], ["coordination.k8s.io"], "leases", "kube-controller-manager"),
            Rule(["create"], [""], "secrets", "serviceaccounts"),
            Rule(["delete"], [""], "secrets"),
            Rule(["get"], [""], "configmaps", "namespaces", "secrets", "serviceaccounts"),
            Rule(["update"], [""], "secrets", "serviceaccounts"),
            Rule(["create"], ["authentication.k8s.io"], "tokenreviews"),
            Rule(["create"], ["authorization.k8s.io"], "subjectaccessreviews"),
            Rule(["list", "watch"], ["*"], "*"),
            Rule(["create"], [""], "serviceaccounts/token")),
        Role("system:kube-dns", "", Rule(["list", "watch"], [""], "endpoints", "services")),
        Role("system:kube-scheduler", "",
            Rule(["create", "patch", "update"], ["", "events.k8s.io"], "events"),
            Rule(["create"], ["coordination.k8s.io"], "leases"),
            Named(["get", "list", "update", "watch"], ["coordination.k8s.io"], "leases", "kube-scheduler"),
            Rule(Read, [""], "nodes"),
            Rule(["delete", "get", "list", "watch"], [""], "pods"),
            Rule(["create"], [""], "bindings", "pods/binding"),
            Rule(["patch", "update"], [""], "pods/status"),
            Rule(Read, [""], "replicationcontrollers", "services"),
            Rule(Read, ["apps", "extensions"], "replicasets"),
            Rule(Read, ["apps"], "statefulsets"),
            Rule(Read, ["policy"], "poddisruptionbudgets"),
            Rule(Read, [""], "persistentvolumeclaims", "persistentvolumes"),
            Rule(["create"], ["authentication.k8s.io"], "tokenreviews"),
            Rule(["create"], ["authorization.k8s.io"], "subjectaccessreviews"),
            Rule(Read, ["storage.k8s.io"], "csinodes"),
            Rule(Read, [""], "namespaces"),
            Rule(Read, ["storage.k8s.io"], "csidrivers", "csistoragecapacities")),
        Role("system:kubelet-api-admin", "",
            Rule(Read, [""], "nodes"),
            Rule(["proxy"], [""], "nodes"),
            Rule(["*"], [""], "nodes/log", "nodes/metrics", "nodes/proxy", "nodes/stats")),
        Role("system:node-problem-detector", "",
            Rule(["get"], [""], "nodes"),
            Rule(["patch"], [""], "nodes/status"),
            Rule(["create", "patch", "update"], ["", "events.k8s.io"], "events")),
        Role("system:node-proxier", "",
            Rule(["list", "watch"], [""], "endpoints", "services"),
            Rule(Read, [""], "nodes"),
            Rule(["create", "patch", "update"], ["", "events.k8s.io"], "events"),
            Rule(["list", "watch"], ["discovery.k8s.io"], "endpointslices")),
        Role("system:persistent-volume-provisioner", "",
            Rule(["create", "delete", "get", "list", "watch"], [""], "persistentvolumes"),
            Rule(["get", "list", "update", "watch"], [""], "persistentvolumeclaims"),
            Rule(Read, ["storage.k8s.io"], "storageclasses"),
            Rule(["watch"], [""], "events"),
            Rule(["create", "patch", "update"], ["", "events.k8s.io"], "events")),
        Role("system:volume-scheduler", "",
            Rule(["get", "list", "patch", "update", "watch"], [""], "persistentvolumes"),
            Rule(Read, ["storage.k8s.io"], "storageclasses"),
            Rule(["get", "list", "patch", "update", "watch"], [""], "persistentvolumeclaims")),
        Role("system:certificates.k8s.io:certificatesigningrequests:nodeclient", "", Rule(["create"], [Certificates], "certificatesigningrequests/nodeclient")),
        Role("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", "", Rule(["create"], [Certificates], "certificatesigningrequests/selfnodeclient")),
        Role("system:certificates.k8s.io:kube-apiserver-client-approver", "", Named(["approve"], [Certificates], "signers", "kubernetes.io/kube-apiserver-client")),
        Role("system:certificates.k8s.io:kube-apiserver-client-kubelet-approver", "", Named(["approve"], [Certificates], "signers", "kubernetes.io/kube-apiserver-client-kubelet")),
        Role("system:certificates.k8s.io:kubelet-serving-approver", "", Named(["approve"], [Certificates], "signers", "kubernetes.io/kubelet-serving")),
        Role("system:certificates.k8s.io:legacy-unknown-approver", "", Named(["approve"], [Certificates], "signers", "kubernetes.io/legacy-unknown")),
    ];

    private static IEnumerable<JsonObject> ComponentBindings() =>
    [
        BoundTo("system:kube-controller-manager", "User", "system:kube-controller-manager"),
        BoundTo("system:kube-dns", "ServiceAccount", "kube-dns"),
        BoundTo("system:kube-scheduler", "User", "system:kube-scheduler"),
        BoundTo("system:node-proxier", "User", "system:kube-proxy"),
        BoundTo("system:volume-scheduler", "User", "system:kube-scheduler"),
    ];

    private static JsonObject Named(string[] verbs, string[] groups, string resource, string name)
    {
        var rule = Rule(verbs, groups, resource);
        rule["resourceNames"] = Texts([name]);
        return rule;
    }

    private static JsonObject BoundTo(string role, string kind, string name)
    {
        var binding = Binding(role);
        binding["subjects"] = new JsonArray(kind == "ServiceAccount"
            ? new JsonObject { ["kind"] = kind, ["name"] = name, ["namespace"] = "kube-system" }
            : new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = kind, ["name"] = name });
        return binding;
    }
}
