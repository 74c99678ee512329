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
    }

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
