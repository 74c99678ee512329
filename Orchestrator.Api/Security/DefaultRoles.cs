using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;

namespace Orchestrator.Api.Security;

/// <summary>
/// The cluster roles and bindings every Kubernetes cluster starts with, as objects: evaluated as they are, and stored at the first start
/// so that they can be read and changed. The rules are those of v1.32's bootstrap policy for the kinds that are served.
/// </summary>
public static partial class DefaultRoles
{
    private const string Aggregate = "rbac.authorization.k8s.io/aggregate-to-";
    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] Write = ["create", "update", "patch", "delete", "deletecollection"];
    private static readonly string[] ReadWrite = [.. Read, .. Write];
    private static readonly string[] Health = ["/livez", "/readyz", "/healthz"];

    /// <summary>The default ClusterRole objects.</summary>
    public static IReadOnlyList<JsonObject> ClusterRoles { get; } =
    [
        Role("cluster-admin", "", Rule(["*"], ["*"], "*"), Paths("*")),
        Role("system:discovery", "", Paths([.. Health, "/version", "/version/", "/openapi", "/openapi/*", "/api", "/api/*", "/apis", "/apis/*"])),
        Role("system:monitoring", "", Paths(["/metrics", .. Health, "/livez/*", "/readyz/*", "/healthz/*"])),
        Role("system:basic-user", "",
            Rule(["create"], ["authorization.k8s.io"], "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
            Rule(["create"], ["authentication.k8s.io"], "selfsubjectreviews")),
        Role("system:public-info-viewer", "", Paths([.. Health, "/version", "/version/"])),
        Aggregated("admin", "", "admin"),
        Aggregated("edit", "admin", "edit"),
        Aggregated("view", "edit", "view"),
        Role("system:aggregate-to-admin", "admin",
            Rule(["create"], ["authorization.k8s.io"], "localsubjectaccessreviews"),
            Rule(ReadWrite, ["rbac.authorization.k8s.io"], "roles", "rolebindings")),
        Role("system:aggregate-to-edit", "edit",
            Rule(Read, [""], "pods/attach", "pods/proxy", "pods/exec", "pods/portforward", "secrets", "services/proxy"),
            Rule(["impersonate"], [""], "serviceaccounts"),
            Rule(Write, [""], "pods", "pods/attach", "pods/proxy", "pods/exec", "pods/portforward"),
            Rule(["create"], [""], "pods/eviction", "serviceaccounts/token"),
            Rule(Write, [""], "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services", "services/proxy", "persistentvolumeclaims", "configmaps", "secrets", "events"),
            Rule(Write, ["apps"], "statefulsets", "statefulsets/scale", "daemonsets", "deployments", "deployments/scale", "deployments/rollback", "replicasets", "replicasets/scale"),
            Rule(Write, ["autoscaling"], "horizontalpodautoscalers"),
            Rule(Write, ["batch"], "jobs", "cronjobs"),
            Rule(Write, ["policy"], "poddisruptionbudgets"),
            Rule(Write, ["networking.k8s.io"], "networkpolicies", "ingresses"),
            Rule(Write, ["coordination.k8s.io"], "leases")),
        Role("system:aggregate-to-view", "view",
            Rule(Read, [""], "pods", "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services", "services/status", "endpoints", "persistentvolumeclaims",
                "persistentvolumeclaims/status", "configmaps", "limitranges", "resourcequotas", "bindings", "events", "pods/status", "resourcequotas/status", "namespaces/status",
                "replicationcontrollers/status", "pods/log", "namespaces"),
            Rule(Read, ["discovery.k8s.io"], "endpointslices"),
            Rule(Read, ["apps"], "controllerrevisions", "statefulsets", "statefulsets/status", "statefulsets/scale", "daemonsets", "daemonsets/status", "deployments", "deployments/status",
                "deployments/scale", "replicasets", "replicasets/status", "replicasets/scale"),
            Rule(Read, ["autoscaling"], "horizontalpodautoscalers", "horizontalpodautoscalers/status"),
            Rule(Read, ["batch"], "jobs", "cronjobs", "cronjobs/status", "jobs/status"),
            Rule(Read, ["policy"], "poddisruptionbudgets", "poddisruptionbudgets/status"),
            Rule(Read, ["networking.k8s.io"], "networkpolicies", "ingresses", "ingresses/status"),
            Rule(Read, ["coordination.k8s.io"], "leases")),
        Role("system:node", "",
            Rule(["create"], ["authentication.k8s.io"], "tokenreviews"),
            Rule(["create"], ["authorization.k8s.io"], "subjectaccessreviews", "localsubjectaccessreviews"),
            Rule(Read, [""], "services", "pods", "secrets", "configmaps"),
            Rule(["create", "get", "list", "watch", "update", "patch"], [""], "nodes"),
            Rule(["update", "patch"], [""], "nodes/status", "pods/status"),
            Rule(["create", "update", "patch"], [""], "events"),
            Rule(["create", "delete"], [""], "pods"),
            Rule(["create"], [""], "pods/eviction", "serviceaccounts/token"),
            Rule(["get"], [""], "persistentvolumeclaims", "persistentvolumes", "endpoints"),
            Rule(["create", "get", "list", "watch"], ["certificates.k8s.io"], "certificatesigningrequests"),
            Rule(["get", "create", "update", "patch", "delete"], ["coordination.k8s.io"], "leases"),
            Rule(["get"], ["storage.k8s.io"], "volumeattachments"),
            Rule(Read, ["storage.k8s.io"], "csidrivers"),
            Rule(["get", "create", "update", "patch", "delete"], ["storage.k8s.io"], "csinodes"),
            Rule(Read, ["node.k8s.io"], "runtimeclasses")),
        Role("system:node-bootstrapper", "", Rule(["create", "get", "list", "watch"], ["certificates.k8s.io"], "certificatesigningrequests")),
        Role("system:auth-delegator", "",
            Rule(["create"], ["authentication.k8s.io"], "tokenreviews"),
            Rule(["create"], ["authorization.k8s.io"], "subjectaccessreviews")),
        Role("orchestrator:authority-viewer", "", Paths(Joining.JoinDocument.AuthorityPath)),
        Role("orchestrator:agent-join", "", Paths(Joining.JoinDocument.Path)),
        Role("orchestrator:server-join", "", Paths(Joining.ServerKeys.Path)),
        Role("system:service-account-issuer-discovery", "", Paths("/.well-known/openid-configuration", "/openid/v1/jwks")),
        .. Components(),
    ];

    /// <summary>The default ClusterRoleBinding objects.</summary>
    public static IReadOnlyList<JsonObject> ClusterRoleBindings { get; } =
    [
        Binding("cluster-admin", UserInfo.Masters),
        Binding("system:monitoring", "system:monitoring"),
        Binding("system:discovery", UserInfo.Authenticated),
        Binding("system:basic-user", UserInfo.Authenticated),
        Binding("system:public-info-viewer", UserInfo.Authenticated, UserInfo.Unauthenticated),
        Binding("system:service-account-issuer-discovery", "system:serviceaccounts"),
        Binding("system:node-bootstrapper", "system:bootstrappers"),
        Binding("orchestrator:authority-viewer", UserInfo.Authenticated, UserInfo.Unauthenticated),
        Binding("orchestrator:agent-join", "system:bootstrappers", "system:nodes"),
        Binding("orchestrator:server-join", "system:bootstrappers"),
        .. ComponentBindings(),
    ];

    /// <summary>Stores those that are not there, all at once: one write of the journal takes them. What somebody changed stays changed.</summary>
    public static Task StoreAsync(ResourceClient client, CancellationToken cancel)
    {
        var writer = WriteContext.System("bootstrap");
        return Task.WhenAll(
        [
            .. ClusterRoles.Select(role => client.EnsureAsync("clusterroles.rbac.authorization.k8s.io", "", (JsonObject)role.DeepClone(), writer, cancel)),
            .. ClusterRoleBindings.Select(binding => client.EnsureAsync("clusterrolebindings.rbac.authorization.k8s.io", "", (JsonObject)binding.DeepClone(), writer, cancel)),
        ]);
    }

    private static JsonObject Role(string name, string aggregateTo, params JsonObject[] rules) =>
        new() { ["apiVersion"] = "rbac.authorization.k8s.io/v1", ["kind"] = "ClusterRole", ["metadata"] = Metadata(name, aggregateTo), ["rules"] = new JsonArray([.. rules]) };

    private static JsonObject Aggregated(string name, string aggregateTo, string collects)
    {
        var role = Role(name, aggregateTo);
        role["aggregationRule"] = new JsonObject { ["clusterRoleSelectors"] = new JsonArray(new JsonObject { ["matchLabels"] = new JsonObject { [Aggregate + collects] = "true" } }) };
        return role;
    }

    private static JsonObject Metadata(string name, string aggregateTo)
    {
        var labels = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" };
        if (aggregateTo.Length > 0) labels[Aggregate + aggregateTo] = "true";
        return new JsonObject { ["annotations"] = new JsonObject { ["rbac.authorization.kubernetes.io/autoupdate"] = "true" }, ["labels"] = labels, ["name"] = name };
    }

    private static JsonObject Rule(string[] verbs, string[] groups, params string[] resources) =>
        new() { ["apiGroups"] = Texts(groups), ["resources"] = Texts(resources), ["verbs"] = Texts(verbs) };

    private static JsonObject Paths(params string[] paths) => new() { ["nonResourceURLs"] = Texts(paths), ["verbs"] = Texts(paths is ["*"] ? ["*"] : ["get"]) };

    private static JsonObject Binding(string role, params string[] groups) => new()
    {
        ["apiVersion"] = "rbac.authorization.k8s.io/v1",
        ["kind"] = "ClusterRoleBinding",
        ["metadata"] = Metadata(role, ""),
        ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = role },
        ["subjects"] = new JsonArray([.. groups.Select(g => (JsonNode)new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "Group", ["name"] = g })]),
    };

    private static JsonArray Texts(string[] values) => new([.. values.Select(v => (JsonNode)v)]);
}
