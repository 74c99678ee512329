using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Types.Certificates.V1;

namespace Orchestrator.Actors.Certificates;

/// <summary>Makes signing requests in the name of nodes that renew their certificates over the connection they have.</summary>
internal sealed class NodeCertificateRequests(ControlPlaneServices services)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    /// <summary>The new certificate, or why there is none. Whoever calls has made sure that the request comes from that node.</summary>
    public async Task<object> RenewAsync(RequestNodeCertificate request)
    {
        var name = $"node-csr-{services.NewUid()}";
        var user = NodeUser.Of(request.NodeName);
        var kind = services.Catalog.Get("certificatesigningrequests.certificates.k8s.io");
        var key = kind.Key("", name);
        using var timeout = new CancellationTokenSource(Deadline, services.Time);
        try
        {
            var watch = services.Cache.Watch(key.Resource, services.Cache.Head);
            await new ResourceClient(services).EnsureAsync(key.Resource, "", Request(name, user, request.RequestPem), WriteContext.System("node-certificates"), timeout.Token);
            while (true)
            {
                while (watch.TryNext(out _)) { }
                if (Answer(key) is { } answer) return answer;
                await watch.WaitAsync(timeout.Token);
            }
        }
        catch (StatusException refused)
        {
            return new NodeCertificateRefused(refused.Message);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return new NodeCertificateRefused($"request {name} was not signed within {Deadline.TotalSeconds:0} s");
        }
    }

    private object? Answer(ResourceKey key)
    {
        if (services.Cache.Get(key)?.Read<CertificateSigningRequest>().Status is not { } status) return null;
        if (status.Certificate is { Length: > 0 } pem) return new NodeCertificate(System.Text.Encoding.ASCII.GetString(pem));
        return status.Conditions?.FirstOrDefault(c => c is { Type: "Denied" or "Failed", Status: "True" }) is { } refusal ? new NodeCertificateRefused(refusal.Message) : null;
    }

    private static JsonObject Request(string name, string user, string pem) => new()
    {
        ["apiVersion"] = "certificates.k8s.io/v1",
        ["kind"] = "CertificateSigningRequest",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["request"] = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(pem)),
            ["signerName"] = SignerNames.KubeletClient,
            ["usages"] = new JsonArray("digital signature", "client auth"),
            ["username"] = user,
            ["groups"] = new JsonArray(NodeUser.Group, "system:authenticated"),
        },
    };
}
