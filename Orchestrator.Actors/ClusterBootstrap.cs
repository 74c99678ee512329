using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Actors.Services;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors;

/// <summary>Makes the objects that every Kubernetes cluster has from the first moment on. Safe to repeat: what is there stays as it is.</summary>
internal sealed class ClusterBootstrap(ResourceClient client, int apiPort)
{
    private static readonly WriteContext Writer = WriteContext.System("bootstrap");

    public async Task RunAsync(CancellationToken cancel)
    {
        foreach (var name in (IEnumerable<string>)["default", "kube-system", "kube-public", "kube-node-lease"])
            await EnsureAsync("namespaces", "", new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } }, cancel);
        await EnsureAsync("services", "default", ApiService(), cancel);
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

    private async Task EnsureAsync(string resource, string ns, JsonObject obj, CancellationToken cancel)
    {
        var kind = client.Services.Catalog.Get(resource);
        if (client.Services.Cache.Get(kind.Key(ns, (string)obj["metadata"]!["name"]!)) is not null) return;
        var reply = await client.SendAsync(ResourceWriter.PrepareCreate(client.Services, kind, ns, obj, Writer), cancel);
        if (reply is ResourceRefused { Status.Reason: not "AlreadyExists" } refused) throw refused.Status.AsException();
    }
}
