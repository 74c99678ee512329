using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Streaming;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Proxying;

/// <summary>Where a proxied request goes: a port of a pod on a node.</summary>
internal sealed record ProxyTarget(string Node, PortRequest Connection, bool Tls)
{
    /// <summary>Finds the pod that <c>pods/{id}/proxy</c> or <c>services/{id}/proxy</c> means. Throws 400, 404 and 503 in upstream's words.</summary>
    public static ProxyTarget Resolve(ApiCall call)
    {
        var ofService = call.Kind.Plural == "services";
        var id = ProxyName.Parse(call.Request.Name)
            ?? throw ApiStatus.BadRequest($"invalid {(ofService ? "service" : "pod")} request \"{call.Request.Name}\"").AsException();
        return ofService ? OfService(call, id) : OfPod(call, call.Kind.Key(call.Request.Namespace, id.Name), id);
    }

    private static ProxyTarget OfPod(ApiCall call, ResourceKey key, ProxyName id)
    {
        var pod = (call.Cache.Get(key) ?? throw ApiStatus.NotFound("pods", key.Name).AsException()).ToJsonObject();
        var port = id.Port.Length > 0 ? Number(id.Port, call.Request.Name) : FirstPort(pod) ?? (id.Scheme == "https" ? 443 : 80);
        return To(key, pod, port, id);
    }

    private static ProxyTarget OfService(ApiCall call, ProxyName id)
    {
        var service = (call.Cache.Get(call.Kind.Key(call.Request.Namespace, id.Name)) ?? throw ApiStatus.NotFound("services", id.Name).AsException()).ToJsonObject();
        var portName = id.Port;
        if (int.TryParse(id.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            var declared = (service["spec"]?["ports"] as JsonArray ?? []).FirstOrDefault(p => (int?)p?["port"] == number)
                ?? throw ApiStatus.ServiceUnavailable($"no service port {number} found for service \"{id.Name}\"").AsException();
            portName = (string?)declared["name"] ?? "";
        }
        var backends = ServiceBackends.Of(call.Cache, call.Request.Namespace, id.Name, portName) ?? throw ApiStatus.NotFound("endpoints", id.Name).AsException();
        var found = backends.Where(b => b.Pod is not null).ToList();
        if (found.Count == 0) throw ApiStatus.ServiceUnavailable($"no endpoints available for service \"{call.Request.Name}\"").AsException();
        var chosen = found[Random.Shared.Next(found.Count)];
        return To(chosen.Pod!.Key, chosen.Pod.ToJsonObject(), chosen.Port, id);
    }

    private static ProxyTarget To(ResourceKey key, JsonObject pod, int port, ProxyName id) =>
        new(PodStreamRequests.NodeOf(pod, key.Name), new PortRequest(key, PodStreamRequests.Uid(pod), port), id.Scheme == "https");

    private static int? FirstPort(JsonObject pod) =>
        (pod["spec"]?["containers"] as JsonArray ?? []).SelectMany(c => c?["ports"] as JsonArray ?? []).Select(p => (int?)p?["containerPort"]).FirstOrDefault(p => p is not null);

    private static int Number(string port, string id) =>
        ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw ApiStatus.BadRequest($"invalid pod request \"{id}\"").AsException();
}
