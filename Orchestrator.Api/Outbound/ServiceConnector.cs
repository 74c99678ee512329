using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Proxying;
using Orchestrator.Api.Streaming;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Api.Outbound;

/// <summary>
/// Connects this server to Services of the cluster (webhooks, aggregated APIs). Pods are reached through their nodes' agents, since a member need not be on the pod
/// network; a Service without a selector is reached at the addresses somebody wrote into its Endpoints, or under its external name.
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
        if (spec["selector"] is not JsonObject { Count: > 0 } selector) return await EndpointAsync(ns, name, (string?)declared["name"] ?? "", cancel);

        var wanted = LabelSelector.FromMap(selector);
        var unready = (bool?)spec["publishNotReadyAddresses"] == true;
        var pods = cache.List("pods", ns).Select(e => (Entry: e, Pod: e.ToJsonObject()))
            .Where(p => wanted.Matches(p.Pod["metadata"]?["labels"] as JsonObject) && (unready || IsReady(p.Pod))).ToList();
        if (pods.Count == 0) throw new IOException($"no endpoints available for service \"{name}\"");
        var (entry, pod) = pods[Random.Shared.Next(pods.Count)];
        var target = TargetPort(pod, declared["targetPort"], port) ?? throw new IOException($"pod {entry.Name} has no port {declared["targetPort"]}");
        try
        {
            return new NodeConnectionStream(await streams.OpenAsync(PodStreamRequests.NodeOf(pod, entry.Name), new PortRequest(entry.Key, entry.Uid, target), cancel));
        }
        catch (StatusException refused)
        {
            throw new IOException(refused.Status.Message);
        }
    }

    /// <summary>Whether a connection would find somebody: null, or why not.</summary>
    public string? Problem(string ns, string name, int port)
    {
        if (cache.Get(new ResourceKey("services", ns, name))?.ToJsonObject()["spec"] is not JsonObject spec) return $"service/{name} in \"{ns}\" is not present";
        if ((string?)spec["type"] == "ExternalName") return null;
        if (!(spec["ports"] as JsonArray ?? []).Any(p => (int?)p?["port"] == port)) return $"service/{name} in \"{ns}\" is not listening on port {port}";
        if (spec["selector"] is not JsonObject { Count: > 0 } selector) return null;
        var wanted = LabelSelector.FromMap(selector);
        return cache.List("pods", ns).Select(e => e.ToJsonObject()).Any(p => wanted.Matches(p["metadata"]?["labels"] as JsonObject) && IsReady(p))
            ? null
            : $"endpoints for service/{name} in \"{ns}\" have no addresses with port name \"\"";
    }

    private async Task<Stream> EndpointAsync(string ns, string name, string portName, CancellationToken cancel)
    {
        var endpoints = cache.Get(new ResourceKey("endpoints", ns, name))?.ToJsonObject();
        var addresses =
            (from subset in endpoints?["subsets"] as JsonArray ?? []
             from port in subset["ports"] as JsonArray ?? []
             where ((string?)port["name"] ?? "") == portName
             from address in subset["addresses"] as JsonArray ?? []
             select (Ip: (string?)address["ip"] ?? "", Port: (int)port["port"]!)).ToList();
        if (addresses.Count == 0) throw new IOException($"no endpoints available for service \"{name}\"");
        var (ip, number) = addresses[Random.Shared.Next(addresses.Count)];
        return await DialAsync(ip, number, cancel);
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

    private static int? TargetPort(JsonObject pod, JsonNode? target, int port)
    {
        if (target is null) return port;
        if (target is JsonValue value && value.TryGetValue<string>(out var text))
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var written)) return written;
            return (pod["spec"]?["containers"] as JsonArray ?? []).SelectMany(c => c?["ports"] as JsonArray ?? []).Where(p => (string?)p?["name"] == text).Select(p => (int?)p?["containerPort"]).FirstOrDefault();
        }
        return (int)target is > 0 and var number ? number : port;
    }

    private static bool IsReady(JsonObject pod) =>
        pod["metadata"]?["deletionTimestamp"] is null && (pod["status"]?["conditions"] as JsonArray ?? []).Any(c => (string?)c?["type"] == "Ready" && (string?)c?["status"] == "True");
}
