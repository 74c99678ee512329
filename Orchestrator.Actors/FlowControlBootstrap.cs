using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors;

/// <summary>
/// The FlowSchemas and PriorityLevelConfigurations that every cluster has, mandatory and suggested ones (k8s.io/apiserver pkg/apis/flowcontrol/bootstrap). They are stored and shown as upstream's
/// are; this server does not queue requests by them.
/// </summary>
internal static class FlowControlBootstrap
{
    private const string Levels = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io";
    private const string Schemas = "flowschemas.flowcontrol.apiserver.k8s.io";

    private static readonly string[] Everybody = ["system:unauthenticated", "system:authenticated"];
    private static readonly string[] All = ["*"];

    private static readonly WriteContext Writer = WriteContext.System("api-priority-and-fairness-config-producer-v1");

    /// <summary>Makes what is missing, all at once.</summary>
    public static async Task RunAsync(ResourceClient client, TimeProvider time, CancellationToken cancel)
    {
        await Task.WhenAll(PriorityLevels().Select(level => client.EnsureAsync(Levels, "", level, Writer, cancel)));
        await Task.WhenAll(FlowSchemas().Select(schema => EnsureAsync(client, schema, time, cancel)));
    }

    /// <summary>A flow schema, with the condition that its level is there.</summary>
    private static async Task EnsureAsync(ResourceClient client, JsonObject schema, TimeProvider time, CancellationToken cancel)
    {
        var kind = client.Services.Catalog.Get(Schemas);
        var key = kind.Key("", ObjectMeta.Get(schema, "name"));
        if (client.Services.Cache.Get(key) is not null) return;
        var level = (string?)schema["spec"]?["priorityLevelConfiguration"]?["name"];
        await client.EnsureAsync(Schemas, "", schema, Writer, cancel);
        if (client.Services.Cache.Get(key)?.ToJsonObject() is not { } stored) return;
        stored["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Dangling",
                ["status"] = "False",
                ["lastTransitionTime"] = ObjectMeta.Timestamp(time.GetUtcNow()),
                ["reason"] = "Found",
                ["message"] = $"This FlowSchema references the PriorityLevelConfiguration object named \"{level}\" and it exists",
            }),
        };
        // Whoever was faster has said the same.
        await client.SendAsync(new UpdateResource(key, kind.ApiVersion, Writer, stored, "status"), cancel);
    }

    private static IEnumerable<JsonObject> PriorityLevels() =>
    [
        Level("exempt", new JsonObject { ["type"] = "Exempt", ["exempt"] = new JsonObject { ["nominalConcurrencyShares"] = 0, ["lendablePercent"] = 0 } }),
        Level("catch-all", Limited(5, 0, null)),
        Level("system", Limited(30, 33, Queue(64, 6))),
        Level("node-high", Limited(40, 25, Queue(64, 6))),
        Level("leader-election", Limited(10, 0, Queue(16, 4))),
        Level("workload-high", Limited(40, 50, Queue(128, 6))),
        Level("workload-low", Limited(100, 90, Queue(128, 6))),
        Level("global-default", Limited(20, 50, Queue(128, 6))),
    ];

    private static IEnumerable<JsonObject> FlowSchemas()
    {
        JsonObject[] leases = [Resources(["get", "create", "update"], ["coordination.k8s.io"], ["leases"])];
        JsonObject[] everything = [Resources(All, All, All, clusterScope: true)];
        return
        [
            Schema("exempt", "exempt", 1, "", Rule([Group("system:masters")], everything, [Paths(All, All)])),
            Schema("probes", "exempt", 2, "", Rule([.. Everybody.Select(Group)], [], [Paths(["get"], ["/healthz", "/readyz", "/livez"])])),
            Schema("system-leader-election", "leader-election", 100, "ByUser", Rule([User("system:kube-controller-manager"), User("system:kube-scheduler"), Account("kube-system", "*")], leases, [])),
            Schema("endpoint-controller", "workload-high", 150, "ByUser",
                Rule([User("system:kube-controller-manager"), Account("kube-system", "endpoint-controller"), Account("kube-system", "endpointslicemirroring-controller")],
                    [Resources(["get", "create", "update"], [""], ["endpoints"])], [])),
            Schema("workload-leader-election", "leader-election", 200, "ByUser", Rule([Account("kube-system", "*")], leases, [])),
            Schema("system-node-high", "node-high", 400, "ByUser",
                Rule([Group("system:nodes")], [Resources(All, [""], ["nodes", "nodes/status"], clusterScope: true), Resources(All, ["coordination.k8s.io"], ["leases"])], [])),
            Schema("system-nodes", "system", 500, "ByUser", Rule([Group("system:nodes")], everything, [Paths(All, All)])),
            Schema("kube-controller-manager", "workload-high", 800, "ByNamespace", Rule([User("system:kube-controller-manager")], everything, [Paths(All, All)])),
            Schema("kube-scheduler", "workload-high", 800, "ByNamespace", Rule([User("system:kube-scheduler")], everything, [Paths(All, All)])),
            Schema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", Rule([Account("kube-system", "*")], everything, [Paths(All, All)])),
            Schema("service-accounts", "workload-low", 9000, "ByUser", Rule([Group("system:serviceaccounts")], everything, [Paths(All, All)])),
            Schema("global-default", "global-default", 9900, "ByUser", Rule([.. Everybody.Select(Group)], everything, [Paths(All, All)])),
            Schema("catch-all", "catch-all", 10000, "ByUser", Rule([.. Everybody.Select(Group)], everything, [Paths(All, All)])),
        ];
    }

    private static JsonObject Level(string name, JsonObject spec) => Object("PriorityLevelConfiguration", name, spec);

    private static JsonObject Limited(int shares, int lendable, JsonObject? queuing)
    {
        var response = new JsonObject { ["type"] = queuing is null ? "Reject" : "Queue" };
        if (queuing is not null) response["queuing"] = queuing;
        return new JsonObject { ["type"] = "Limited", ["limited"] = new JsonObject { ["nominalConcurrencyShares"] = shares, ["limitResponse"] = response, ["lendablePercent"] = lendable } };
    }

    private static JsonObject Queue(int queues, int handSize) => new() { ["queues"] = queues, ["handSize"] = handSize, ["queueLengthLimit"] = 50 };

    private static JsonObject Schema(string name, string level, int precedence, string distinguisher, params JsonObject[] rules)
    {
        var spec = new JsonObject { ["priorityLevelConfiguration"] = new JsonObject { ["name"] = level }, ["matchingPrecedence"] = precedence };
        if (distinguisher.Length > 0) spec["distinguisherMethod"] = new JsonObject { ["type"] = distinguisher };
        spec["rules"] = new JsonArray([.. rules]);
        return Object("FlowSchema", name, spec);
    }

    private static JsonObject Rule(JsonObject[] subjects, JsonObject[] resources, JsonObject[] paths)
    {
        var rule = new JsonObject { ["subjects"] = Copies(subjects) };
        if (resources.Length > 0) rule["resourceRules"] = Copies(resources);
        if (paths.Length > 0) rule["nonResourceRules"] = Copies(paths);
        return rule;
    }

    private static JsonObject Resources(string[] verbs, string[] groups, string[] resources, bool clusterScope = false)
    {
        var rule = new JsonObject { ["verbs"] = Texts(verbs), ["apiGroups"] = Texts(groups), ["resources"] = Texts(resources) };
        if (clusterScope) rule["clusterScope"] = true;
        rule["namespaces"] = Texts(All);
        return rule;
    }

    private static JsonObject Paths(string[] verbs, string[] urls) => new() { ["verbs"] = Texts(verbs), ["nonResourceURLs"] = Texts(urls) };

    private static JsonObject Group(string name) => new() { ["kind"] = "Group", ["group"] = new JsonObject { ["name"] = name } };

    private static JsonObject User(string name) => new() { ["kind"] = "User", ["user"] = new JsonObject { ["name"] = name } };

    private static JsonObject Account(string ns, string name) => new() { ["kind"] = "ServiceAccount", ["serviceAccount"] = new JsonObject { ["namespace"] = ns, ["name"] = name } };

    private static JsonObject Object(string kind, string name, JsonObject spec) => new()
    {
        ["apiVersion"] = "flowcontrol.apiserver.k8s.io/v1",
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name, ["annotations"] = new JsonObject { ["apf.kubernetes.io/autoupdate-spec"] = "true" } },
        ["spec"] = spec,
    };

    private static JsonArray Copies(JsonObject[] parts) => new([.. parts.Select(p => (JsonNode)p.DeepClone())]);

    private static JsonArray Texts(string[] values) => new([.. values.Select(v => (JsonNode)v)]);
}
