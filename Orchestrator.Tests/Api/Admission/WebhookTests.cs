using System.Text.Json.Nodes;
using Orchestrator.Tests.Api.Http;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Admission;

/// <summary>Admission webhooks on real servers: every write verb, what they may say, and what happens where they say nothing.</summary>
[Collection("api")]
public sealed class WebhookTests(ApiFixture api) : IAsyncLifetime
{
    private const string Mutating = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    private const string Validating = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

    private readonly List<string> _configurations = [];
    private WebhookServer _server = null!;
    private string _ns = "";

    public async Task InitializeAsync()
    {
        _server = await WebhookServer.StartAsync();
        _ns = await api.NamespaceAsync();
        // What every namespace gets is there before webhooks are.
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{ConfigMaps}/kube-root-ca.crt")).Code == 200 && (await api.GetAsync($"/api/v1/namespaces/{_ns}/serviceaccounts/default")).Code == 200);
    }

    public async Task DisposeAsync()
    {
        foreach (var path in _configurations) (await api.SendAsync(HttpMethod.Delete, path)).Code.ShouldBe(200);
        await _server.DisposeAsync();
    }

    private string ConfigMaps => $"/api/v1/namespaces/{_ns}/configmaps";

    [Fact]
    public async Task A_mutating_webhook_changes_what_every_kind_of_write_stores()
    {
        var url = _server.Admits("/mutate", request =>
        {
            var patch = request["object"]!["data"] is null
                ? """[{"op":"add","path":"/data","value":{"seen":"OP"}}]"""
                : """[{"op":"add","path":"/data/seen","value":"OP"}]""";
            return new JsonObject { ["allowed"] = true, ["patch"] = JsonNode.Parse(patch.Replace("OP", (string)request["operation"]!, StringComparison.Ordinal)) };
        });
        await ConfigureAsync(Mutating, url, "configmaps", ["CREATE", "UPDATE"]);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"))).Json["data"]!.ToJsonString().ShouldBe("""{"key":"1","seen":"CREATE"}""");
        (await api.SendAsync(HttpMethod.Put, $"{ConfigMaps}/a", ApiFixture.ConfigMap("a", "2"))).Json["data"]!.ToJsonString().ShouldBe("""{"key":"2","seen":"UPDATE"}""");
        (await api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/a", """{"data":{"key":"3","seen":null}}""", "application/merge-patch+json")).Json["data"]!.ToJsonString().ShouldBe("""{"key":"3","seen":"UPDATE"}""");
        var applied = await api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/b?fieldManager=me", ApiFixture.ConfigMap("b"), "application/apply-patch+yaml");
        (applied.Code, applied.Json["data"]!.ToJsonString()).ShouldBe((201, """{"key":"1","seen":"CREATE"}"""));
        applied = await api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/b?fieldManager=me", ApiFixture.ConfigMap("b", "2"), "application/apply-patch+yaml");
        (applied.Code, applied.Json["data"]!.ToJsonString()).ShouldBe((200, """{"key":"2","seen":"UPDATE"}"""));
        applied.Json["metadata"]!["managedFields"]!.AsArray().ShouldHaveSingleItem()!["operation"]!.GetValue<string>().ShouldBe("Apply");
        var dry = await api.SendAsync(HttpMethod.Put, $"{ConfigMaps}/a?dryRun=All", ApiFixture.ConfigMap("a", "9"));
        dry.Json["data"]!.ToJsonString().ShouldBe("""{"key":"9","seen":"UPDATE"}""");
        ((string?)(await api.GetAsync($"{ConfigMaps}/a")).Json["data"]!["key"]).ShouldBe("3");

        var asked = _server.Asked("/mutate");
        ((bool)asked[^1]["dryRun"]!).ShouldBeTrue();
        ((string?)asked[^1]["options"]!["kind"]).ShouldBe("UpdateOptions");
        ((string?)asked[^1]["oldObject"]!["data"]!["key"]).ShouldBe("3");
        ((string?)asked[0]["userInfo"]!["username"]).ShouldBe("kubernetes-admin");
        asked[0]["oldObject"].ShouldBeNull();
        ((string?)asked[0]["namespace"], (string?)asked[0]["name"], (string?)asked[0]["resource"]!["resource"], (string?)asked[0]["requestKind"]!["kind"]).ShouldBe((_ns, "a", "configmaps", "ConfigMap"));
    }

    [Fact]
    public async Task A_validating_webhook_can_refuse_every_kind_of_write()
    {
        await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"));
        var url = _server.Admits("/refuse", _ => new JsonObject
        {
            ["allowed"] = false,
            ["warnings"] = new JsonArray("think again"),
            ["status"] = new JsonObject { ["message"] = "not today", ["reason"] = "Forbidden", ["code"] = 403 },
        });
        await ConfigureAsync(Validating, url, "configmaps", ["*"]);
        foreach (var refused in new[]
        {
            await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("b")),
            await api.SendAsync(HttpMethod.Put, $"{ConfigMaps}/a", ApiFixture.ConfigMap("a", "2")),
            await api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/a", """{"data":{"key":"3"}}""", "application/merge-patch+json"),
            await api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/c?fieldManager=me", ApiFixture.ConfigMap("c"), "application/apply-patch+yaml"),
            await api.SendAsync(HttpMethod.Delete, $"{ConfigMaps}/a"),
            await api.SendAsync(HttpMethod.Delete, $"{ConfigMaps}?fieldSelector=metadata.name%3Da"),
        })
        {
            (refused.Code, refused.Reason).ShouldBe((403, "Forbidden"), refused.Text);
            refused.Message.ShouldBe("admission webhook \"hook.tests.example.com\" denied the request: not today");
            refused.Warnings.ShouldContain("299 - \"think again\"");
        }
        ((string?)(await api.GetAsync($"{ConfigMaps}/a")).Json["data"]!["key"]).ShouldBe("1");
        _server.Asked("/refuse").Select(r => (string?)r["operation"]).ShouldBe(["CREATE", "UPDATE", "UPDATE", "CREATE", "DELETE", "DELETE"]);
        _server.Asked("/refuse")[^1]["object"].ShouldBeNull();
    }

    [Fact]
    public async Task What_a_webhook_adds_is_defaulted_and_validated()
    {
        var url = _server.Admits("/mutate", request => new JsonObject
        {
            ["allowed"] = true,
            ["patch"] = JsonNode.Parse($$"""[{"op":"add","path":"/spec/containers/-","value":{"name":"{{((string)request["name"]! == "good" ? "sidecar" : "Not A Name")}}","image":"x"} }]"""),
        });
        await ConfigureAsync(Mutating, url, "pods", ["CREATE"]);
        var made = await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{_ns}/pods", Pod("good"));
        made.Code.ShouldBe(201, made.Text);
        var sidecar = made.Json["spec"]!["containers"]![1]!;
        ((string?)sidecar["imagePullPolicy"]).ShouldBe("Always");
        sidecar["volumeMounts"]!.AsArray().ShouldHaveSingleItem()!["mountPath"]!.GetValue<string>().ShouldBe("/var/run/secrets/kubernetes.io/serviceaccount");
        var bad = await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{_ns}/pods", Pod("bad"));
        bad.Code.ShouldBe(422);
        bad.Message.ShouldContain("spec.containers[1].name");
    }

    [Fact]
    public async Task Control_loops_pass_webhooks_too()
    {
        var url = _server.Admits("/mutate", _ => new JsonObject { ["allowed"] = true, ["patch"] = JsonNode.Parse("""[{"op":"add","path":"/metadata/labels/injected","value":"yes"}]""") });
        await ConfigureAsync(Mutating, url, "pods", ["CREATE"]);
        (await api.SendAsync(HttpMethod.Post, $"/apis/apps/v1/namespaces/{_ns}/replicasets", """
            {"metadata":{"name":"rs"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}
            """)).Code.ShouldBe(201);
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"/api/v1/namespaces/{_ns}/pods?labelSelector=injected%3Dyes")).Names.Count == 2);
        (await api.GetAsync($"/api/v1/namespaces/{_ns}/pods")).Names.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Subresources_are_asked_about_by_name()
    {
        (await api.SendAsync(HttpMethod.Post, $"/apis/apps/v1/namespaces/{_ns}/replicasets", """
            {"metadata":{"name":"rs"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}
            """)).Code.ShouldBe(201);
        var url = _server.Admits("/scale", request => new JsonObject { ["allowed"] = (int)request["object"]!["spec"]!["replicas"]! < 5 });
        await ConfigureAsync(Validating, url, "replicasets/scale", ["*"], group: "apps");
        var scale = $"/apis/apps/v1/namespaces/{_ns}/replicasets/rs/scale";
        (await api.SendAsync(HttpMethod.Patch, scale, """{"spec":{"replicas":7}}""", "application/merge-patch+json")).Message.ShouldContain("denied the request without explanation");
        (await api.SendAsync(HttpMethod.Patch, scale, """{"spec":{"replicas":1}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        (await api.SendAsync(HttpMethod.Patch, $"/apis/apps/v1/namespaces/{_ns}/replicasets/rs", """{"spec":{"replicas":0}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        _server.Asked("/scale").Count.ShouldBe(2);
        ((string?)_server.Asked("/scale")[0]["kind"]!["kind"], (string?)_server.Asked("/scale")[0]["subResource"]).ShouldBe(("Scale", "scale"));
    }

    [Fact]
    public async Task Bindings_and_evictions_are_asked_about()
    {
        await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{_ns}/pods", Pod("p"));
        var url = _server.Admits("/deny", _ => new JsonObject { ["allowed"] = false });
        await ConfigureAsync(Validating, url, "pods/*", ["CREATE"]);
        (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{_ns}/pods/p/binding", """{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}}""")).Code.ShouldBe(400);
        (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{_ns}/pods/p/eviction", """{"metadata":{"name":"p"}}""")).Code.ShouldBe(400);
        _server.Asked("/deny").Select(r => ((string?)r["subResource"], (string?)r["kind"]!["kind"])).ShouldBe([("binding", "Binding"), ("eviction", "Eviction")]);
    }

    [Fact]
    public async Task A_webhook_that_cannot_be_asked_refuses_or_not_as_its_failure_policy_says()
    {
        await ConfigureAsync(Validating, "https://127.0.0.1:9/none", "configmaps", ["CREATE"], more: """, "failurePolicy":"Ignore" """);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"))).Code.ShouldBe(201);
        await ConfigureAsync(Validating, "https://127.0.0.1:9/none", "configmaps", ["CREATE"]);
        var refused = await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("b"));
        (refused.Code, refused.Reason).ShouldBe((500, "InternalError"));
        refused.Message.ShouldStartWith("Internal error occurred: failed calling webhook \"hook.tests.example.com\": failed to call webhook: Post \"https://127.0.0.1:9/none?timeout=10s\":");
    }

    [Fact]
    public async Task A_webhook_that_takes_too_long_counts_as_one_that_cannot_be_asked()
    {
        var never = new TaskCompletionSource<JsonObject>();
        var url = _server.Serves("/slow", _ => never.Task);
        await ConfigureAsync(Validating, url, "configmaps", ["CREATE"], more: """, "timeoutSeconds":1""");
        var refused = await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"));
        refused.Message.ShouldContain("context deadline exceeded");
        never.SetResult([]);
    }

    [Theory]
    [InlineData("""{"allowed":true,"uid":"other"}""", "expected response.uid=")]
    [InlineData("""{"allowed":true,"patch":"W10="}""", "response.patch but not response.patchType")]
    [InlineData("""{"allowed":true,"patch":"W10=","patchType":"Strange"}""", "invalid response.patchType")]
    public async Task A_wrong_answer_counts_as_none(string response, string why)
    {
        var url = _server.Admits("/wrong", _ => JsonNode.Parse(response)!.AsObject());
        await ConfigureAsync(Mutating, url, "configmaps", ["CREATE"]);
        var refused = await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"));
        refused.Code.ShouldBe(500);
        refused.Message.ShouldContain(why);
    }

    [Fact]
    public async Task A_webhook_for_another_version_of_a_resource_gets_the_object_in_that_version()
    {
        var url = _server.Admits("/v2", request => new JsonObject { ["allowed"] = true, ["patch"] = JsonNode.Parse("""[{"op":"replace","path":"/spec/metrics/0/resource/target/averageUtilization","value":55}]""") });
        await ConfigureAsync(Mutating, url, "horizontalpodautoscalers", ["CREATE"], group: "autoscaling", version: "v2");
        var body = """{"metadata":{"name":"h"},"spec":{"maxReplicas":3,"targetCPUUtilizationPercentage":40,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"}}}""";
        var made = await api.SendAsync(HttpMethod.Post, $"/apis/autoscaling/v1/namespaces/{_ns}/horizontalpodautoscalers", body);
        made.Code.ShouldBe(201, made.Text);
        ((int)made.Json["spec"]!["targetCPUUtilizationPercentage"]!).ShouldBe(55);
        var asked = _server.Asked("/v2").ShouldHaveSingleItem();
        ((string?)asked["kind"]!["version"], (string?)asked["requestKind"]!["version"], (string?)asked["object"]!["apiVersion"]).ShouldBe(("v2", "v1", "autoscaling/v2"));
        await ConfigureAsync(Mutating, _server.Admits("/exact", _ => new JsonObject { ["allowed"] = false }), "horizontalpodautoscalers", ["CREATE"], group: "autoscaling", version: "v2", more: """, "matchPolicy":"Exact" """);
        (await api.SendAsync(HttpMethod.Post, $"/apis/autoscaling/v1/namespaces/{_ns}/horizontalpodautoscalers", body.Replace("\"h\"", "\"i\"", StringComparison.Ordinal))).Code.ShouldBe(201);
        _server.Asked("/exact").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_webhook_that_asks_for_it_sees_what_a_later_one_has_changed()
    {
        JsonObject Add(string name) => new() { ["allowed"] = true, ["patch"] = JsonNode.Parse($$"""[{"op":"add","path":"/data/{{name}}","value":"x"}]""") };
        await ConfigureAsync(Mutating, _server.Admits("/first", _ => Add("first")), "configmaps", ["CREATE"], more: """, "reinvocationPolicy":"IfNeeded" """, name: "a1");
        await ConfigureAsync(Mutating, _server.Admits("/second", _ => Add("second")), "configmaps", ["CREATE"], name: "a2");
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"))).Json["data"]!.ToJsonString().ShouldBe("""{"first":"x","key":"1","second":"x"}""");
        _server.Asked("/first").Select(r => r["object"]!["data"]!.AsObject().Count).ShouldBe([1, 3]);
        _server.Asked("/second").Count.ShouldBe(1);
    }

    [Fact]
    public async Task Selectors_choose_by_the_old_object_and_the_new_one()
    {
        await ConfigureAsync(Validating, _server.Admits("/deny", _ => new JsonObject { ["allowed"] = false }), "configmaps", ["*"], more: """, "objectSelector":{"matchLabels":{"kept":"yes"}}""");
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"))).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("b", labels: """{"kept":"yes"}"""))).Code.ShouldBe(400);
        (await api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/a", """{"metadata":{"labels":{"kept":"yes"}}}""", "application/merge-patch+json")).Code.ShouldBe(400);
        (await api.SendAsync(HttpMethod.Delete, $"{ConfigMaps}/a")).Code.ShouldBe(200);
        // Another namespace is none of its business.
        (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps", ApiFixture.ConfigMap("b", labels: """{"kept":"yes"}"""))).Code.ShouldBe(201);
    }

    [Fact]
    public async Task A_write_that_comes_between_is_not_lost()
    {
        await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"));
        var (asked, first) = (new TaskCompletionSource(), 1);
        var go = new TaskCompletionSource();
        var url = _server.Serves("/wait", async review =>
        {
            if (Interlocked.Exchange(ref first, 0) == 1)
            {
                asked.SetResult();
                await go.Task;
            }
            return new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = "admission.k8s.io/v1", ["response"] = new JsonObject { ["uid"] = (string?)review["request"]!["uid"], ["allowed"] = true } };
        });
        await ConfigureAsync(Validating, url, "configmaps", ["UPDATE"]);
        var slow = api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/a", """{"data":{"slow":"1"}}""", "application/merge-patch+json");
        await asked.Task;
        (await api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/a", """{"data":{"fast":"1"}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        go.SetResult();
        (await slow).Json["data"]!.ToJsonString().ShouldBe("""{"fast":"1","key":"1","slow":"1"}""");
    }

    [Fact]
    public async Task Configurations_themselves_are_beyond_webhooks()
    {
        await ConfigureAsync(Validating, _server.Admits("/all", _ => new JsonObject { ["allowed"] = false }), "*", ["*"], group: "*", version: "*", selector: "{}");
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"))).Code.ShouldBe(400);
        await ConfigureAsync(Validating, _server.Admits("/other", _ => new JsonObject { ["allowed"] = false }), "*", ["*"], group: "*", version: "*", selector: "{}");
    }

    [Fact]
    public async Task A_wrong_configuration_is_refused()
    {
        var answer = await api.SendAsync(HttpMethod.Post, Validating, """
            {"metadata":{"name":"wrong"},"webhooks":[{"name":"short","clientConfig":{"url":"http://x/y?z=1"},"sideEffects":"Some","timeoutSeconds":31,"admissionReviewVersions":["v7"],
              "rules":[{"operations":["*","CREATE"],"apiGroups":["*","apps"],"apiVersions":[],"resources":["pods/*","pods/status"],"scope":"Nowhere"}]}]}
            """);
        answer.Code.ShouldBe(422);
        answer.Json["details"]!["causes"]!.AsArray().Select(c => (string?)c!["field"]).ShouldBe(
        [
            "webhooks[0].name", "webhooks[0].rules[0].operations", "webhooks[0].rules[0].apiGroups", "webhooks[0].rules[0].apiVersions", "webhooks[0].rules[0].resources[1]",
            "webhooks[0].rules[0].scope", "webhooks[0].sideEffects", "webhooks[0].timeoutSeconds", "webhooks[0].clientConfig.url", "webhooks[0].clientConfig.url", "webhooks[0].admissionReviewVersions",
        ]);
    }

    private static string Pod(string name) => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"x"}]} }""";

    private async Task ConfigureAsync(string path, string url, string resource, string[] operations, string group = "", string version = "v1", string more = "", string? selector = null, string? name = null)
    {
        name = $"{name}{Guid.NewGuid():N}"[..12];
        selector ??= $$$"""{"matchLabels":{"kubernetes.io/metadata.name":"{{{_ns}}}"} }""";
        var made = await api.SendAsync(HttpMethod.Post, path, $$$"""
            {"metadata":{"name":"{{{name}}}"},"webhooks":[{"name":"hook.tests.example.com","clientConfig":{"url":"{{{url}}}","caBundle":"{{{_server.CaBundle}}}"},
              "sideEffects":"None","admissionReviewVersions":["v1"],"namespaceSelector":{{{selector}}},
              "rules":[{"operations":[{{{string.Join(',', operations.Select(o => $"\"{o}\""))}}}],"apiGroups":["{{{group}}}"],"apiVersions":["{{{version}}}"],"resources":["{{{resource}}}"]}]{{{more}}} }]}
            """);
        made.Code.ShouldBe(201, made.Text);
        _configurations.Add($"{path}/{name}");
    }
}
