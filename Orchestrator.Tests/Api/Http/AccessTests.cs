using Orchestrator.Api.Security;
using Orchestrator.Resources;
using Shouldly;

namespace Orchestrator.Tests.Api.Http;

[Collection("api")]
public sealed class AccessTests(ApiFixture api)
{
    private async Task<ApiAnswer> AsAsync(HttpClient client, string path, HttpMethod? method = null, string? body = null) =>
        await api.SendAsync(method ?? HttpMethod.Get, path, body, client: client);

    [Theory]
    [InlineData("/livez", 200)]
    [InlineData("/readyz", 200)]
    [InlineData("/healthz", 200)]
    [InlineData("/version", 200)]
    [InlineData("/api", 401)]
    [InlineData("/api/v1/pods", 401)]
    [InlineData("/nothing/here", 401)]
    public async Task Without_credentials_only_health_and_version_are_told(string path, int code)
    {
        using var anonymous = api.Client();
        var answer = await AsAsync(anonymous, path);
        answer.Code.ShouldBe(code);
        if (code == 401) answer.Reason.ShouldBe("Unauthorized");
    }

    [Fact]
    public async Task Invalid_credentials_are_a_401_even_for_public_paths()
    {
        using var other = CertificateAuthority.Create("other", TimeProvider.System);
        using var certificate = other.IssueClient("mallory", "system:masters");
        using var stranger = api.Client(certificate);
        (await AsAsync(stranger, "/version")).Code.ShouldBe(401);
        using var forged = api.Client(token: "a.b.c");
        (await AsAsync(forged, "/version")).Code.ShouldBe(401);
    }

    [Fact]
    public async Task An_authenticated_user_may_only_do_what_a_binding_grants()
    {
        var ns = await api.NamespaceAsync();
        using var certificate = api.Pki.Authority.IssueClient("alice");
        using var alice = api.Client(certificate);
        var refused = await AsAsync(alice, $"/api/v1/namespaces/{ns}/pods");
        (refused.Code, refused.Reason).ShouldBe((403, "Forbidden"));
        refused.Message.ShouldBe($"pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" in the namespace \"{ns}\"");
        (await AsAsync(alice, "/apis")).Code.ShouldBe(200);

        var bound = await api.SendAsync(HttpMethod.Post, $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", """
            {"metadata":{"name":"viewers"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"alice"}]}
            """);
        bound.Code.ShouldBe(201, bound.Text);
        (await AsAsync(alice, $"/api/v1/namespaces/{ns}/pods")).Code.ShouldBe(200);
        (await AsAsync(alice, $"/api/v1/namespaces/{ns}/secrets")).Code.ShouldBe(403);
        (await AsAsync(alice, "/api/v1/pods")).Code.ShouldBe(403);
        (await AsAsync(alice, $"/api/v1/namespaces/{ns}/configmaps", HttpMethod.Post, ApiFixture.ConfigMap("c"))).Code.ShouldBe(403);
    }

    [Fact]
    public async Task A_requested_token_authenticates_its_account_until_the_account_is_gone()
    {
        var ns = await api.NamespaceAsync();
        var accounts = $"/api/v1/namespaces/{ns}/serviceaccounts";
        (await api.SendAsync(HttpMethod.Post, accounts, """{"metadata":{"name":"bot"}}""")).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, $"{accounts}/bot/token", """{"spec":{"expirationSeconds":60}}""")).Code.ShouldBe(422);
        var issued = await api.SendAsync(HttpMethod.Post, $"{accounts}/bot/token", """{"spec":{"expirationSeconds":600}}""");
        issued.Code.ShouldBe(201, issued.Text);
        var token = (string)issued.Json["status"]!["token"]!;

        using var bot = api.Client(token: token);
        var review = await AsAsync(bot, "/apis/authentication.k8s.io/v1/selfsubjectreviews", HttpMethod.Post, "{}");
        ((string?)review.Json["status"]!["userInfo"]!["username"]).ShouldBe($"system:serviceaccount:{ns}:bot");
        var verified = await api.SendAsync(HttpMethod.Post, "/apis/authentication.k8s.io/v1/tokenreviews", $$"""{"spec":{"token":"{{token}}"} }""");
        ((bool?)verified.Json["status"]!["authenticated"]).ShouldBe(true);

        await api.SendAsync(HttpMethod.Delete, $"{accounts}/bot");
        (await AsAsync(bot, "/apis")).Code.ShouldBe(401);
        api.Plane.Services.Cache.Get(new ResourceKey("serviceaccounts", ns, "bot")).ShouldBeNull();
    }

    [Fact]
    public async Task Access_reviews_answer_for_oneself_and_for_others()
    {
        var own = await api.SendAsync(HttpMethod.Post, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """{"spec":{"resourceAttributes":{"verb":"delete","resource":"nodes"}}}""");
        own.Code.ShouldBe(201, own.Text);
        ((bool?)own.Json["status"]!["allowed"]).ShouldBe(true);
        var other = await api.SendAsync(HttpMethod.Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews", """{"spec":{"user":"nobody","resourceAttributes":{"verb":"delete","resource":"nodes"}}}""");
        ((bool?)other.Json["status"]!["allowed"]).ShouldBe(false);
        var rules = await api.SendAsync(HttpMethod.Post, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}""");
        rules.Json["status"]!["resourceRules"]!.AsArray().Count.ShouldBe(1);
        (await api.SendAsync(HttpMethod.Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews", """{"spec":{}}""")).Code.ShouldBe(422);
    }

    [Fact]
    public async Task Impersonation_is_for_those_who_may()
    {
        using var admin = api.Client(api.Pki.Admin);
        admin.DefaultRequestHeaders.Add("Impersonate-User", "alice");
        (await AsAsync(admin, "/api/v1/nodes")).Code.ShouldBe(403);
        using var certificate = api.Pki.Authority.IssueClient("bob");
        using var bob = api.Client(certificate);
        bob.DefaultRequestHeaders.Add("Impersonate-User", "kubernetes-admin");
        var refused = await AsAsync(bob, "/apis");
        (refused.Code, refused.Message).ShouldBe((403, "users \"kubernetes-admin\" is forbidden: User \"bob\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"));
    }
}
