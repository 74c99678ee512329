using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Tests.Api.Admission;
using Orchestrator.Tests.Api.Http;
using Orchestrator.Tests.Resources.OpenApi;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Aggregation;

/// <summary>A second API server behind this one: found by its APIService, asked with the user's identity, shown in discovery.</summary>
[Collection("api")]
public sealed class AggregationTests(ApiFixture api) : IAsyncLifetime
{
    private const string Services = "/apis/apiregistration.k8s.io/v1/apiservices";

    private readonly string _group = $"g{Guid.NewGuid():N}"[..10] + ".example.com";
    private string _ns = "";
    private string _describes = "";
    private WebhookServer _server = null!;

    private string Name => $"v1.{_group}";

    public async Task InitializeAsync()
    {
        _ns = await api.NamespaceAsync();
        _server = await WebhookServer.StartAsync($"other.{_ns}.svc");
        _server.Otherwise = AnswerAsync;
        (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{_ns}/services", """{"metadata":{"name":"other"},"spec":{"type":"ExternalName","externalName":"localhost"}}""")).Code.ShouldBe(201);
    }

    public async Task DisposeAsync()
    {
        await api.SendAsync(HttpMethod.Delete, $"{Services}/{Name}");
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Requests_reach_the_other_server_with_the_users_identity()
    {
        await RegisterAsync();
        var answer = await api.SendAsync(HttpMethod.Post, $"/apis/{_group}/v1/namespaces/x/flunders?dryRun=All", """{"a":1}""");
        answer.Code.ShouldBe(202, answer.Text);
        var seen = answer.Json;
        ((string?)seen["method"], (string?)seen["target"], (string?)seen["body"]).ShouldBe(("POST", $"/apis/{_group}/v1/namespaces/x/flunders?dryRun=All", """{"a":1}"""));
        ((string?)seen["user"], (string?)seen["groups"]).ShouldBe(("kubernetes-admin", "system:masters,system:authenticated"));
        ((string?)seen["certificate"]).ShouldBe("CN=front-proxy-client");
        ((string?)seen["authorization"]).ShouldBe("");
    }

    [Fact]
    public async Task Who_may_not_is_refused_here()
    {
        await RegisterAsync();
        using var nobody = api.Client(api.Pki.Authority.IssueClient("nobody"));
        (await api.SendAsync(HttpMethod.Get, $"/apis/{_group}/v1/flunders", client: nobody)).Code.ShouldBe(403);
    }

    [Fact]
    public async Task Discovery_shows_both_servers()
    {
        await RegisterAsync();
        (await api.GetAsync("/apis")).Json["groups"]!.AsArray().Select(g => (string?)g!["name"]).ShouldContain(_group);
        ((string?)(await api.GetAsync($"/apis/{_group}")).Json["preferredVersion"]!["groupVersion"]).ShouldBe($"{_group}/v1");
        ((string?)(await api.GetAsync($"/apis/{_group}/v1")).Json["resources"]![0]!["name"]).ShouldBe("flunders");
        await Eventually.HoldsAsync(async () =>
        {
            var aggregated = (await api.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")).Json["items"]!.AsArray().First(g => (string?)g!["metadata"]!["name"] == _group)!;
            return aggregated["versions"]![0]!["resources"]!.AsArray() is [{ } flunders] && (string?)flunders["subresources"]![0]!["subresource"] == "status";
        });
        (await api.SendAsync(HttpMethod.Delete, $"{Services}/{Name}")).Code.ShouldBe(200);
        (await api.GetAsync($"/apis/{_group}/v1")).Code.ShouldBe(404);
        (await api.GetAsync("/apis")).Text.ShouldNotContain(_group);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_not_available()
    {
        await MakeAsync(port: 9, service: "missing");
        await AvailableAsync("False", "ServiceNotFound");
        (await api.GetAsync($"/apis/{_group}/v1/flunders")).Code.ShouldBe(503);
        (await api.SendAsync(HttpMethod.Patch, $"{Services}/{Name}", $$$"""{"spec":{"service":{"name":"other","port":{{{_server.Port}}} } } }""", "application/merge-patch+json")).Code.ShouldBe(200);
        await AvailableAsync("True", "Passed");
    }

    [Fact]
    public async Task A_server_whose_certificate_is_of_somebody_else_is_not_trusted()
    {
        await MakeAsync(_server.Port, bundle: Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(api.Pki.Authority.CertificatePem)));
        await AvailableAsync("False", "FailedDiscoveryCheck");
        (await api.SendAsync(HttpMethod.Patch, $"{Services}/{Name}", """{"spec":{"caBundle":null,"insecureSkipTLSVerify":true}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        await AvailableAsync("True", "Passed");
    }

    [Fact]
    public async Task Aggregated_servers_are_told_whom_to_believe()
    {
        var data = (await api.GetAsync("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")).Json["data"]!;
        ((string?)data["requestheader-client-ca-file"]).ShouldBe(api.Pki.FrontProxy.CertificatePem);
        ((string?)data["client-ca-file"]).ShouldBe(api.Pki.Authority.CertificatePem);
        (await api.GetAsync("/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader")).Code.ShouldBe(200);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_types_the_other_server_has_is_shown_whichever_OpenAPI_it_speaks(bool version3)
    {
        _describes = version3 ? "v2 v3" : "v2";
        await RegisterAsync();
        var path = $"/openapi/v3/apis/{_group}/v1";
        string? url = null;
        await Eventually.HoldsAsync(async () => (url = (string?)(await api.GetAsync("/openapi/v3")).Json["paths"]![$"apis/{_group}/v1"]?["serverRelativeURL"]) is not null);
        url!.ShouldStartWith($"{path}?hash=");
        var document = (await api.GetAsync(url)).Json;
        var flunder = document["components"]!["schemas"]!["example.v1.Flunder"]!;
        ((string?)flunder["x-kubernetes-group-version-kind"]![0]!["group"]).ShouldBe(_group);
        flunder["properties"]!["spec"]!["allOf"]![0]!.ToJsonString().ShouldBe("""{"$ref":"#/components/schemas/example.v1.FlunderSpec"}""");
        ((string?)document["paths"]![$"/apis/{_group}/v1/flunders"]!["get"]!["x-kubernetes-group-version-kind"]!["kind"]).ShouldBe("Flunder");
        var all = (await api.GetAsync("/openapi/v2")).Json;
        all["paths"]![$"/apis/{_group}/v1/flunders"].ShouldNotBeNull();
        all["definitions"]!["example.v1.FlunderSpec"].ShouldNotBeNull();
        // The other server's Time is ours; its ObjectMeta is another, and is called otherwise.
        ((string?)all["definitions"]!["example.v1.Flunder"]!["properties"]!["metadata"]!["$ref"]).ShouldBe("#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta_v2");
        (await api.GetAsync($"{path}?hash=OLD")).Json["openapi"]!.GetValue<string>().ShouldBe("3.0.0", "an old hash leads to the document of now");
        await ProtobufAsync(url, document, version3);
        (await api.SendAsync(HttpMethod.Delete, $"{Services}/{Name}")).Code.ShouldBe(200);
        await Eventually.HoldsAsync(async () => (await api.GetAsync(path)).Code == 404);
    }

    /// <summary>Who asks for protobuf is passed on to a server that has a document of its own; where this one made it, it makes that form too.</summary>
    private async Task ProtobufAsync(string url, JsonObject document, bool passedOn)
    {
        const string accept = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await api.Admin.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        if (passedOn)
        {
            response.Headers.GetValues("X-Asked").ShouldBe([$"kubernetes-admin at {url} for {accept}"]);
            return;
        }
        response.Content.Headers.ContentType!.ToString().ShouldBe("application/com.github.proto-openapi.spec.v3.v1.0+protobuf");
        JsonNode.DeepEquals(GnosticReader.Version3.Read(await response.Content.ReadAsByteArrayAsync()), document).ShouldBeTrue();
        var swagger = (await api.GetAsync("/openapi/v2")).Json;
        using var asked = new HttpRequestMessage(HttpMethod.Get, "/openapi/v2") { Version = HttpVersion.Version20 };
        asked.Headers.TryAddWithoutValidation("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        using var protobuf = await api.Admin.SendAsync(asked);
        var read = GnosticReader.Version2.Read(await protobuf.Content.ReadAsByteArrayAsync());
        foreach (var (part, name) in new[] { ("paths", $"/apis/{_group}/v1/flunders"), ("definitions", "example.v1.Flunder"), ("definitions", "example.v1.FlunderSpec") })
            JsonNode.DeepEquals(read[part]![name], swagger[part]![name]).ShouldBeTrue(name);
    }

    [Fact]
    public async Task Every_group_version_of_this_server_has_an_APIService()
    {
        await Eventually.HoldsAsync(async () => (await api.GetAsync(Services)).Json["items"]!.AsArray().Count(i => (string?)i!["status"]?["conditions"]?[0]?["reason"] == "Local") >= 20);
        var list = (await api.GetAsync(Services)).Json["items"]!.AsArray();
        list.Select(i => (string?)i!["metadata"]!["name"]).Where(n => !n!.EndsWith(".example.com", StringComparison.Ordinal)).ShouldBe(
        [
            "v1.", "v1.admissionregistration.k8s.io", "v1.apiextensions.k8s.io", "v1.apps", "v1.authentication.k8s.io", "v1.authorization.k8s.io", "v1.autoscaling", "v1.batch",
            "v1.certificates.k8s.io", "v1.coordination.k8s.io", "v1.discovery.k8s.io", "v1.events.k8s.io", "v1.flowcontrol.apiserver.k8s.io", "v1.networking.k8s.io", "v1.node.k8s.io", "v1.policy",
            "v1.rbac.authorization.k8s.io", "v1.scheduling.k8s.io", "v1.storage.k8s.io", "v2.autoscaling",
        ]);
        var apps = list.First(i => (string?)i!["metadata"]!["name"] == "v1.apps")!;
        apps["metadata"]!["labels"]!.ToJsonString().ShouldBe("""{"kube-aggregator.kubernetes.io/automanaged":"onstart"}""");
        apps["spec"]!.ToJsonString().ShouldBe("""{"group":"apps","version":"v1","groupPriorityMinimum":17800,"versionPriority":15}""");
        var row = (await api.GetAsync($"{Services}/v1.apps", "application/json;as=Table;v=v1;g=meta.k8s.io")).Json["rows"]![0]!["cells"]!.AsArray();
        ((string?)row[0], (string?)row[1], (string?)row[2]).ShouldBe(("v1.apps", "Local", "True"));
        var groups = (await api.GetAsync("/apis")).Json["groups"]!.AsArray().Select(g => (string?)g!["name"]).ToList();
        groups.Take(4).ShouldBe(["apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io"]);
    }

    [Fact]
    public async Task The_APIService_of_a_custom_kind_comes_and_goes_with_its_definition()
    {
        var definition = $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.{_group}";
        (await api.SendAsync(HttpMethod.Post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", $$$"""
            {"metadata":{"name":"things.{{{_group}}}"},"spec":{"group":"{{{_group}}}","scope":"Cluster","names":{"plural":"things","kind":"Thing"},
             "versions":[{"name":"v2","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"} } }]} }
            """)).Code.ShouldBe(201);
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{Services}/v2.{_group}")).Code == 200);
        var made = (await api.GetAsync($"{Services}/v2.{_group}")).Json;
        (made["metadata"]!["labels"]!.ToJsonString(), (int)made["spec"]!["groupPriorityMinimum"]!, (int)made["spec"]!["versionPriority"]!)
            .ShouldBe(("""{"kube-aggregator.kubernetes.io/automanaged":"true"}""", 1000, 100));
        (await api.SendAsync(HttpMethod.Delete, definition)).Code.ShouldBe(200);
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{Services}/v2.{_group}")).Code == 404);
    }

    [Fact]
    public async Task A_wrong_APIService_is_refused()
    {
        var answer = await api.SendAsync(HttpMethod.Post, Services, """{"metadata":{"name":"v1.x"},"spec":{"group":"example.com","version":"v1","groupPriorityMinimum":0,"versionPriority":2000,"caBundle":"eA==","insecureSkipTLSVerify":true}}""");
        answer.Json["details"]!["causes"]!.AsArray().Select(c => (string?)c!["field"]).ShouldBe(
            ["metadata.name", "spec.groupPriorityMinimum", "spec.versionPriority", "spec.caBundle", "spec.insecureSkipTLSVerify"]);
    }

    private async Task RegisterAsync()
    {
        await MakeAsync(_server.Port);
        await AvailableAsync("True", "Passed");
    }

    private async Task MakeAsync(int port, string service = "other", string? bundle = null)
    {
        var made = await api.SendAsync(HttpMethod.Post, Services, $$$"""
            {"metadata":{"name":"{{{Name}}}"},"spec":{"group":"{{{_group}}}","version":"v1","groupPriorityMinimum":100,"versionPriority":10,"caBundle":"{{{bundle ?? _server.CaBundle}}}",
              "service":{"namespace":"{{{_ns}}}","name":"{{{service}}}","port":{{{port}}} } } }
            """);
        made.Code.ShouldBe(201, made.Text);
    }

    private Task AvailableAsync(string status, string reason) => Eventually.HoldsAsync(async () =>
        (await api.GetAsync($"{Services}/{Name}")).Json["status"]?["conditions"]?.AsArray().Any(c => ((string?)c!["type"], (string?)c["status"], (string?)c["reason"]) == ("Available", status, reason)) == true);

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path == $"/apis/{_group}/v1")
        {
            await context.Response.WriteAsync($$$"""
                {"kind":"APIResourceList","apiVersion":"v1","groupVersion":"{{{_group}}}/v1","resources":[{"name":"flunders","singularName":"flunder","namespaced":true,"kind":"Flunder","verbs":["get","list"]},
                  {"name":"flunders/status","singularName":"","namespaced":true,"kind":"Flunder","verbs":["get"]}]}
                """);
            return;
        }
        if (context.Request.Path.StartsWithSegments("/openapi", out var openApi))
        {
            var form = openApi.Value!.Split('/')[1];
            context.Response.Headers["X-Asked"] = $"{context.Request.Headers["X-Remote-User"]} at {context.Request.Path}{context.Request.QueryString} for {context.Request.Headers.Accept}";
            if (!_describes.Contains(form, StringComparison.Ordinal)) context.Response.StatusCode = 404;
            else await context.Response.WriteAsync(form == "v2" ? Swagger() : openApi == "/v3" ? $$$"""{"paths":{"apis/{{{_group}}}/v1":{"serverRelativeURL":"/openapi/v3/apis/{{{_group}}}/v1?hash=ABC"} } }""" : OpenApi());
            return;
        }
        using var body = new StreamReader(context.Request.Body);
        context.Response.StatusCode = 202;
        await context.Response.WriteAsync(new JsonObject
        {
            ["method"] = context.Request.Method,
            ["target"] = context.Request.Path + context.Request.QueryString.Value,
            ["body"] = await body.ReadToEndAsync(),
            ["user"] = context.Request.Headers["X-Remote-User"].ToString(),
            ["groups"] = context.Request.Headers["X-Remote-Group"].ToString(),
            ["authorization"] = context.Request.Headers.Authorization.ToString(),
            ["certificate"] = context.Connection.ClientCertificate?.Subject,
        }.ToJsonString());
    }

    private string Swagger() => $$$"""
        {"swagger":"2.0","info":{"title":"Other","version":"v1"},"parameters":{"pretty-1":{"name":"pretty","in":"query","type":"string","uniqueItems":true}},
         "paths":{"/apis/{{{_group}}}/v1/flunders":{"get":{"produces":["application/json"],"parameters":[{"$ref":"#/parameters/pretty-1"}],"responses":{"200":{"description":"OK","schema":{"$ref":"#/definitions/example.v1.Flunder"} } },
            "x-kubernetes-group-version-kind":{"group":"{{{_group}}}","version":"v1","kind":"Flunder"} } },"/apis/elsewhere/v1/things":{} },
         "definitions":{"example.v1.Flunder":{"type":"object","properties":{"spec":{"description":"What is wanted.","$ref":"#/definitions/example.v1.FlunderSpec"},
            "metadata":{"$ref":"#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"} },"x-kubernetes-group-version-kind":[{"group":"{{{_group}}}","version":"v1","kind":"Flunder"}]},
          "example.v1.FlunderSpec":{"type":"object","properties":{"at":{"$ref":"#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Time"} } },
          "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta":{"type":"object","properties":{"name":{"type":"string"} } },
          "io.k8s.apimachinery.pkg.apis.meta.v1.Time":{"type":"string","format":"date-time","description":"Another text."} } }
        """;

    private string OpenApi() => $$$"""
        {"openapi":"3.0.0","info":{"title":"Other","version":"v1"},"paths":{"/apis/{{{_group}}}/v1/flunders":{"get":{"x-kubernetes-group-version-kind":{"group":"{{{_group}}}","version":"v1","kind":"Flunder"} } } },
         "components":{"schemas":{"example.v1.Flunder":{"type":"object","properties":{"spec":{"allOf":[{"$ref":"#/components/schemas/example.v1.FlunderSpec"}]} },
          "x-kubernetes-group-version-kind":[{"group":"{{{_group}}}","version":"v1","kind":"Flunder"}]} } } }
        """;
}
