using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Security;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Aggregation;

/// <summary>
/// Tells aggregated API servers whom to believe: config map <c>kube-system/extension-apiserver-authentication</c>, and the role to read it (kube-apiserver's
/// clusterauthenticationtrust controller).
/// </summary>
internal sealed class AuthenticationConfiguration(ResourceClient client, ClusterPki pki)
{
    private const string Namespace = "kube-system";
    private const string Name = "extension-apiserver-authentication";

    private static readonly WriteContext Writer = WriteContext.System("kube-apiserver");

    /// <summary>Writes both where they are missing, and the certificates where they are others.</summary>
    public async Task PublishAsync(CancellationToken cancel)
    {
        var data = new JsonObject
        {
            ["client-ca-file"] = pki.Authority.CertificatePem,
            ["requestheader-allowed-names"] = """["front-proxy-client"]""",
            ["requestheader-client-ca-file"] = pki.FrontProxy.CertificatePem,
            ["requestheader-extra-headers-prefix"] = """["X-Remote-Extra-"]""",
            ["requestheader-group-headers"] = """["X-Remote-Group"]""",
            ["requestheader-uid-headers"] = """["X-Remote-Uid"]""",
            ["requestheader-username-headers"] = """["X-Remote-User"]""",
        };
        await client.EnsureAsync("configmaps", Namespace, new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = Metadata(Name), ["data"] = data.DeepClone() }, Writer, cancel);
        await client.EnsureAsync("roles.rbac.authorization.k8s.io", Namespace, new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = "Role",
            ["metadata"] = Metadata($"{Name}-reader"),
            ["rules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray(""),
                ["resources"] = new JsonArray("configmaps"),
                ["resourceNames"] = new JsonArray(Name),
                ["verbs"] = new JsonArray("get", "list", "watch"),
            }),
        }, Writer, cancel);
        var kind = client.Services.Catalog.Get("configmaps");
        var key = kind.Key(Namespace, Name);
        if (client.Services.Cache.Get(key)?.ToJsonObject()["data"] is { } present && JsonNode.DeepEquals(present, data)) return;
        var patch = System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["data"] = data }.ToJsonString());
        var reply = await client.SendAsync(new PatchResource(key, kind.ApiVersion, Writer, PatchType.Merge, patch, "", false), cancel);
        if (reply is ResourceRefused refused) throw refused.Status.AsException();
    }

    private static JsonObject Metadata(string name) => new() { ["name"] = name, ["namespace"] = Namespace };
}
