using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Http;

/// <summary>What every cluster and every answer has, as clients that nobody here wrote expect it.</summary>
[Collection("api")]
public class ClusterDefaultsTests(ApiFixture api)
{
    [Fact]
    public async Task Flow_control_objects_are_there_and_none_dangles()
    {
        (await api.GetAsync("/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations")).Names
            .ShouldBe(["catch-all", "exempt", "global-default", "leader-election", "node-high", "system", "workload-high", "workload-low"]);
        var schemas = (await api.GetAsync("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", "application/json;as=Table;v=v1;g=meta.k8s.io")).Json["rows"]!.AsArray();
        schemas.Select(r => (string?)r!["cells"]![0]).ShouldContain("catch-all");
        schemas.Count.ShouldBe(13);
        schemas.Select(r => (string?)r!["cells"]![5]).ShouldAllBe(missing => missing == "False");
    }

    [Fact]
    public async Task Components_say_that_they_are_healthy()
    {
        var list = await api.GetAsync("/api/v1/componentstatuses");
        list.Names.ShouldBe(["controller-manager", "etcd-0", "scheduler"]);
        list.Warnings.ShouldHaveSingleItem().ShouldContain("v1 ComponentStatus is deprecated in v1.19+");
        var row = (await api.GetAsync("/api/v1/componentstatuses/scheduler", "application/json;as=Table;v=v1;g=meta.k8s.io")).Json["rows"]![0]!["cells"]!;
        row.ToJsonString().ShouldBe("""["scheduler","Healthy","ok",""]""");
        (await api.GetAsync("/api/v1/componentstatuses/nobody")).Code.ShouldBe(404);
        (await api.SendAsync(HttpMethod.Post, "/api/v1/componentstatuses", "{}")).Code.ShouldBe(405);
    }

    [Fact]
    public async Task Discovery_tells_what_is_stored()
    {
        var core = (await api.GetAsync("/api/v1")).Json["resources"]!.AsArray();
        ((string?)core.First(r => (string?)r!["name"] == "pods")!["storageVersionHash"]).ShouldBe("xPOwRZ+Yhw8=");
        core.First(r => (string?)r!["name"] == "pods/status")!["storageVersionHash"].ShouldBeNull();
        core.First(r => (string?)r!["name"] == "componentstatuses")!["shortNames"]!.ToJsonString().ShouldBe("""["cs"]""");
        // Events of both groups are stored in one form.
        var events = core.First(r => (string?)r!["name"] == "events")!["storageVersionHash"]!.ToJsonString();
        (await api.GetAsync("/apis/events.k8s.io/v1")).Json["resources"]![0]!["storageVersionHash"]!.ToJsonString().ShouldBe(events);
    }

    [Fact]
    public async Task Every_answer_has_an_audit_id_and_is_not_to_be_cached()
    {
        using var first = await api.Admin.GetAsync("/api/v1/namespaces");
        first.Headers.GetValues("Audit-Id").ShouldHaveSingleItem().Length.ShouldBe(36);
        first.Headers.CacheControl!.ToString().ShouldBe("no-cache, private");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/none");
        request.Headers.Add("Audit-Id", "mine-1");
        using var second = await api.Admin.SendAsync(request);
        second.Headers.GetValues("Audit-Id").ShouldBe(["mine-1"]);
    }

    [Fact]
    public async Task Metrics_count_what_was_asked()
    {
        (await api.GetAsync("/api/v1/namespaces/nobody-has-this-name")).Code.ShouldBe(404);
        var metrics = await api.GetAsync("/metrics");
        metrics.ContentType.ShouldStartWith("text/plain");
        metrics.Text.ShouldContain("apiserver_request_total{code=\"404\",component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"namespaces\",scope=\"resource\",subresource=\"\",verb=\"GET\",version=\"v1\"} ");
        metrics.Text.ShouldContain("apiserver_request_duration_seconds_bucket{");
        using var nobody = api.Client(api.Pki.Authority.IssueClient("nobody"));
        (await api.SendAsync(HttpMethod.Get, "/metrics", client: nobody)).Code.ShouldBe(403);
    }

    [Fact]
    public async Task Impersonation_takes_uid_and_extra()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews") { Content = new StringContent("{}", null, "application/json") };
        request.Headers.Add("Impersonate-User", "ann");
        request.Headers.Add("Impersonate-Group", "team");
        request.Headers.Add("Impersonate-Uid", "u-1");
        request.Headers.Add("Impersonate-Extra-Example.com%2Fscope", ["a", "b"]);
        using var answer = await api.Admin.SendAsync(request);
        var user = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["status"]!["userInfo"]!;
        ((string?)user["username"], (string?)user["uid"], user["groups"]!.ToJsonString()).ShouldBe(("ann", "u-1", """["team","system:authenticated"]"""));
        user["extra"]!.AsObject().ShouldHaveSingleItem().Key.ShouldBe("example.com/scope");
        using var nobody = api.Client(api.Pki.Authority.IssueClient("nobody"));
        using var refused = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces");
        refused.Headers.Add("Impersonate-User", "ann");
        (await nobody.SendAsync(refused)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Large_lists_are_compressed_for_whoever_asks()
    {
        var ns = await api.NamespaceAsync();
        for (var i = 0; i < 3; i++) (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", ApiFixture.ConfigMap($"big-{i}", new string('x', 60_000)))).Code.ShouldBe(201);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps");
        request.Headers.Add("Accept-Encoding", "gzip");
        using var answer = await api.Admin.SendAsync(request);
        answer.Content.Headers.ContentEncoding.ShouldBe(["gzip"]);
        using var gzip = new System.IO.Compression.GZipStream(await answer.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress);
        (await JsonNode.ParseAsync(gzip))!["items"]!.AsArray().Count.ShouldBeGreaterThanOrEqualTo(3);
    }
}
