using System.Net.Sockets;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Proxying;
using Orchestrator.Api.Streaming;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Outbound;

/// <summary>
/// Connects this server to Services of the cluster (webhooks, aggregated APIs) at one of their ready endpoints. Pods are reached through their nodes' agents, since a member need not be on
/// the pod network; addresses that somebody wrote, and external names, directly.
/// </summary>
internal sealed class ServiceConnector(ResourceCache cache, INodeStreamOpener streams)
{
    /// <summary>A connection to a port of a Service, on one of its ready pods. Throws <see cref="IOException"/> where there is no such Service, port or pod, or it cannot be reached.</summary>
    public async Task<Stream> ConnectAsync(string ns, string name, int port, CancellationToken cancel)
    {
        var service = cache.Get(new ResourceKey("services", ns, name))?.ToJsonObject() ?? throw new IOException($"service \"{name}\" not found");
        var spec = service["spec"] as JsonObject ?? [];
        if ((string?)spec["type"] == "ExternalName") return await DialAsync((string?)spec["externalName"] ?? "", port, cancel);
        var declared = (spec["ports"] as JsonArray ?? []).FirstOrDefault(p => (int?)p?["port"] == port) ?? throw new IOException($"no service port {port} found for service \"{name}\"");
        var backends = ServiceBackends.Of(cache, ns, name, (string?)declared["name"] ?? "") ?? [];
        if (backends.Count == 0) throw new IOException($"no endpoints available for service \"{name}\"");
        var (ip, target, pod) = backends[Random.Shared.Next(backends.Count)];
        if (pod is null) return await DialAsync(ip, target, cancel);
        try
        {
            return new NodeConnectionStream(await streams.OpenAsync(PodStreamRequests.NodeOf(pod.ToJsonObject(), pod.Name), new PortRequest(pod.Key, pod.Uid, target), cancel));
        }
        catch (StatusException refused)
        {
            throw new IOException(refused.Status.Message);
        }
    }

    /// <summary>Why a connection would find nobody, as reason and message of condition Available; null where it would.</summary>
    public (string Reason, string Message)? Problem(string ns, string name, int port)
    {
        if (cache.Get(new ResourceKey("services", ns, name))?.ToJsonObject()["spec"] is not JsonObject spec) return ("ServiceNotFound", $"service/{name} in \"{ns}\" is not present");
        if ((string?)spec["type"] == "ExternalName") return null;
        if ((spec["ports"] as JsonArray ?? []).FirstOrDefault(p => (int?)p?["port"] == port) is not { } declared) return ("ServicePortError", $"service/{name} in \"{ns}\" is not listening on port {port}");
        var portName = (string?)declared["name"] ?? "";
        if (ServiceBackends.Of(cache, ns, name, portName) is not { } backends) return ("EndpointsNotFound", $"cannot find endpoints for service/{name} in \"{ns}\"");
        return backends.Count > 0 ? null : ("MissingEndpoints", $"endpoints for service/{name} in \"{ns}\" have no addresses with port name \"{portName}\"");
    }

    private static async Task<Stream> DialAsync(string host, int port, CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
