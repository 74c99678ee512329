using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Actors.Services;
using Orchestrator.Protocol.Resources;

namespace Orchestrator.Actors;

/// <summary>Makes the objects that every Kubernetes cluster has from the first moment on. Safe to repeat: what is there stays as it is.</summary>
internal sealed class ClusterBootstrap(ResourceClient client, int apiPort)
{
    private static readonly WriteContext Writer = WriteContext.System("bootstrap");

    public async Task RunAsync(CancellationToken cancel)
    {
        foreach (var name in (IEnumerable<string>)["default", "kube-system", "kube-public", "kube-node-lease"])
            await client.EnsureAsync("namespaces", "", new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } }, Writer, cancel);
        await client.EnsureAsync("services", "default", ApiService(), Writer, cancel);
        await client.EnsureAsync(PriorityClasses, "", SystemPriority("system-cluster-critical", 2_000_000_000, "For pods the cluster does not work without; they may move to another node."), Writer, cancel);
        await client.EnsureAsync(PriorityClasses, "", SystemPriority("system-node-critical", 2_000_001_000, "For pods their node does not work without; the highest priority there is."), Writer, cancel);
        await FlowControlBootstrap.RunAsync(client, client.Services.Time, cancel);
    }

    private const string PriorityClasses = "priorityclasses.scheduling.k8s.io";

    private static JsonObject SystemPriority(string name, int value, string description) => new()
    {
        ["apiVersion"] = "scheduling.k8s.io/v1",
        ["kind"] = "PriorityClass",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["value"] = value,
        ["description"] = description,
    };

    /// <summary>Service <c>default/kubernetes</c> at the first service address.</summary>
    private JsonObject ApiService() => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
        ["spec"] = new JsonObject
        {
            ["type"] = "ClusterIP",
            ["clusterIP"] = AddressPool.First(client.Services.Options.ServiceCidr).ToString(),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["protocol"] = "TCP", ["targetPort"] = apiPort }),
        },
    };
}
