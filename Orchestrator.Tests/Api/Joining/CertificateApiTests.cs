using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Certificates;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Joining;

public sealed class CertificateApiTests
{
    private const string Path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

    [Fact]
    public async Task A_client_certificate_is_issued_once_an_administrator_approves_and_lasts_as_long_as_was_asked()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        using var admin = cluster.Client("admin", "system:masters");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await PostAsync(admin, "jane", SignerNames.Client, Request(key, "jane", "dev"), 3600, "client auth");
        Status(cluster, "jane").ShouldBeNull("a request is never approved by its own words");
        ((string?)cluster.Plane.Services.Cache.Get(Key("jane"))!.ToJsonObject()["spec"]!["username"]).ShouldBe("admin");
        await ApproveAsync(admin, "jane");
        await cluster.UntilAsync(() => Status(cluster, "jane")?["certificate"] is not null);
        using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(Convert.FromBase64String((string)Status(cluster, "jane")!["certificate"]!)));
        SubjectNames.Of(certificate).User.ShouldBe("jane");
        (certificate.NotAfter.ToUniversalTime() - TimeProvider.System.GetUtcNow().UtcDateTime).ShouldBeInRange(TimeSpan.FromMinutes(55), TimeSpan.FromMinutes(61));
        cluster.Authority.IsValidClient(certificate).ShouldBeTrue();
    }

    [Fact]
    public async Task What_a_signer_does_not_sign_fails_with_the_reason_however_approved()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        using var admin = cluster.Client("admin", "system:masters");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var (name, signer, user, group, usage, words) in new[]
        {
            ("member", SignerNames.Client, "orchestrator:member:x", "orchestrator:members", "client auth", "orchestrator:members group is not allowed"),
            ("usage", SignerNames.Client, "eve", "dev", "server auth", "invalid usage for client certificate: server auth"),
            ("node", SignerNames.KubeletClient, "eve", "system:nodes", "client auth", "does not begin with system:node:"),
        })
        {
            await PostAsync(admin, name, signer, Request(key, user, group), null, usage);
            await ApproveAsync(admin, name);
            await cluster.UntilAsync(() => Status(cluster, name)?["conditions"]?.AsArray().Count == 2);
            ((string?)Status(cluster, name)!["conditions"]![1]!["reason"]).ShouldBe("SignerValidationFailure");
            (((string?)Status(cluster, name)!["conditions"]![1]!["message"]) ?? "").ShouldContain(words);
            Status(cluster, name)!["certificate"].ShouldBeNull();
        }
    }

    [Fact]
    public async Task A_node_reads_and_writes_over_the_API_only_what_is_its_own()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        foreach (var secret in new[] { "used", "other" })
            await cluster.CreateAsync("secrets", $$"""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"{{secret}}","namespace":"default"} }""");
        await cluster.CreatePodAsync("mine", "w1", ""","volumes":[{"name":"v","secret":{"secretName":"used"} }]""");
        await cluster.CreatePodAsync("theirs", "w2");
        using var node = cluster.Client(NodeUser.Of("w1"), NodeUser.Group);
        (await CodeAsync("/api/v1/namespaces/default/secrets/used")).ShouldBe(HttpStatusCode.OK);
        (await CodeAsync("/api/v1/namespaces/default/secrets/other")).ShouldBe(HttpStatusCode.Forbidden);
        (await CodeAsync("/api/v1/namespaces/default/secrets")).ShouldBe(HttpStatusCode.Forbidden);
        (await CodeAsync("/api/v1/namespaces/default/pods/mine")).ShouldBe(HttpStatusCode.OK);
        (await CodeAsync("/api/v1/namespaces/default/pods/theirs")).ShouldBe(HttpStatusCode.Forbidden);
        (await CodeAsync("/api/v1/nodes/w2")).ShouldBe(HttpStatusCode.Forbidden);
        (await CodeAsync("/api/v1/services")).ShouldBe(HttpStatusCode.OK);
        (await node.DeleteAsync("/api/v1/namespaces/default/pods/theirs")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await node.DeleteAsync("/api/v1/namespaces/default/pods/mine")).StatusCode.ShouldBe(HttpStatusCode.OK);

        async Task<HttpStatusCode> CodeAsync(string path) => (await node.GetAsync(path)).StatusCode;
    }

    private static Orchestrator.Resources.ResourceKey Key(string name) => new("certificatesigningrequests.certificates.k8s.io", "", name);

    private static JsonObject? Status(RemoteClusterFixture cluster, string name) => cluster.Json(Key(name))?["status"] is JsonObject { Count: > 0 } status ? status : null;

    private static string Request(ECDsa key, string user, params string[] groups) =>
        new CertificateRequest(SubjectNames.Build(user, groups), key, HashAlgorithmName.SHA256).CreateSigningRequestPem();

    private static async Task PostAsync(HttpClient client, string name, string signer, string pem, int? seconds, params string[] usages)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(pem)),
                ["signerName"] = signer,
                ["username"] = "somebody-else",
                ["usages"] = new JsonArray([.. usages.Select(u => (JsonNode)u)]),
            },
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(Approved()) },
        };
        if (seconds is { } wanted) body["spec"]!["expirationSeconds"] = wanted;
        var answer = await client.PostAsync(Path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"));
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
    }

    private static async Task ApproveAsync(HttpClient client, string name)
    {
        var request = JsonNode.Parse(await client.GetStringAsync($"{Path}/{name}"))!.AsObject();
        request["status"] = new JsonObject { ["conditions"] = new JsonArray(Approved()) };
        var answer = await client.PutAsync($"{Path}/{name}/approval", new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json"));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    private static JsonObject Approved() => new() { ["type"] = "Approved", ["status"] = "True", ["reason"] = "KubectlApprove", ["message"] = "by hand" };
}
