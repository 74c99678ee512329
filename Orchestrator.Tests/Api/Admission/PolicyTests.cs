using System.Text.Json.Nodes;
using Orchestrator.Tests.Api.Http;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Admission;

/// <summary>ValidatingAdmissionPolicies, match conditions of webhooks, and validation rules of custom kinds, through the API.</summary>
[Collection("api")]
public sealed class PolicyTests(ApiFixture api) : IAsyncLifetime
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1";

    private readonly List<string> _made = [];
    private string _ns = "";

    private string ConfigMaps => $"/api/v1/namespaces/{_ns}/configmaps";

    public async Task InitializeAsync()
    {
        _ns = await api.NamespaceAsync();
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{ConfigMaps}/kube-root-ca.crt")).Code == 200);
    }

    public async Task DisposeAsync()
    {
        foreach (var path in _made) (await api.SendAsync(HttpMethod.Delete, path)).Code.ShouldBe(200);
    }

    [Fact]
    public async Task A_policy_denies_what_violates_it()
    {
        await PolicyAsync("""
            "variables":[{"name":"keys","expression":"has(object.data) ? object.data.map(k, k) : []"}],
            "validations":[{"expression":"variables.keys.size() <= 1","messageExpression":"'has %d keys'.format([variables.keys.size()])"},
              {"expression":"request.operation != 'UPDATE' || object.data == oldObject.data","message":"data is for ever","reason":"Forbidden"}]
            """, ["Deny"]);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"))).Code.ShouldBe(201);
        var tooMany = await api.SendAsync(HttpMethod.Post, ConfigMaps, """{"metadata":{"name":"b"},"data":{"x":"1","y":"2"}}""");
        (tooMany.Code, tooMany.Reason).ShouldBe((422, "Invalid"));
        tooMany.Message.ShouldEndWith("denied request: has 2 keys");
        tooMany.Message.ShouldStartWith("configmaps \"b\" is forbidden: ValidatingAdmissionPolicy '");
        var changed = await api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/a", """{"data":{"key":"2"}}""", "application/merge-patch+json");
        (changed.Code, changed.Reason).ShouldBe((403, "Forbidden"));
        (await api.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/a", """{"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        (await api.SendAsync(HttpMethod.Delete, $"{ConfigMaps}/a")).Code.ShouldBe(200);
    }

    [Fact]
    public async Task A_binding_may_only_warn()
    {
        await PolicyAsync(""" "validations":[{"expression":"object.metadata.name != 'a'"}] """, ["Warn", "Audit"]);
        var made = await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"));
        made.Code.ShouldBe(201);
        made.Warnings.ShouldHaveSingleItem().ShouldContain("failed expression: object.metadata.name != 'a'");
    }

    [Fact]
    public async Task Parameters_are_objects_of_the_cluster()
    {
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, """{"metadata":{"name":"limits"},"data":{"most":"2"}}""")).Code.ShouldBe(201);
        await PolicyAsync(""" "paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"validations":[{"expression":"object.metadata.name == 'limits' || size(object.data.key) <= int(params.data.most)"}] """, ["Deny"],
            $$""" "paramRef":{"name":"limits","namespace":"{{_ns}}","parameterNotFoundAction":"Deny"}, """);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a", "12"))).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("b", "123"))).Code.ShouldBe(422);
        (await api.SendAsync(HttpMethod.Delete, $"{ConfigMaps}/limits")).Code.ShouldBe(200);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("c", "1"))).Message.ShouldContain("no params found for policy binding with `Deny` parameterNotFoundAction");
    }

    [Fact]
    public async Task The_authorizer_the_namespace_and_conditions_can_be_asked()
    {
        await PolicyAsync("""
            "matchConditions":[{"name":"not-exempt","expression":"!object.metadata.name.startsWith('free')"}],
            "validations":[{"expression":"authorizer.group('').resource('secrets').namespace('x').check('get').allowed() && authorizer.requestResource.check('create').allowed()","message":"may do all"},
              {"expression":"namespaceObject.metadata.name == request.namespace && request.userInfo.username == 'kubernetes-admin'"},{"expression":"object.metadata.name == 'good'","message":"not good"}]
            """, ["Deny"]);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("good"))).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("free-for-all"))).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("bad"))).Message.ShouldEndWith("denied request: not good");
    }

    [Fact]
    public async Task Errors_count_as_the_failure_policy_says()
    {
        await PolicyAsync(""" "failurePolicy":"Ignore","validations":[{"expression":"object.nothing.at.all"}] """, ["Deny"]);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"))).Code.ShouldBe(201);
        await PolicyAsync(""" "validations":[{"expression":"object.nothing.at.all"}] """, ["Deny"]);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("b"))).Message.ShouldEndWith("expression 'object.nothing.at.all' resulted in error: no such key: nothing");
    }

    [Fact]
    public async Task Match_conditions_choose_what_a_webhook_is_asked_about()
    {
        await using var server = await WebhookServer.StartAsync();
        var url = server.Admits("/deny", _ => new JsonObject { ["allowed"] = false });
        await MakeAsync("validatingwebhookconfigurations", $$$"""
            "webhooks":[{"name":"conditions.tests.example.com","clientConfig":{"url":"{{{url}}}","caBundle":"{{{server.CaBundle}}}"},"sideEffects":"None","admissionReviewVersions":["v1"],
              "namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{_ns}}}"} },"rules":[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}],
              "matchConditions":[{"name":"is-b","expression":"request.name == 'b'"},{"name":"is-new","expression":"request.operation == 'CREATE'"}]}]
            """);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("a"))).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap("b"))).Code.ShouldBe(400);
        server.Asked("/deny").Count.ShouldBe(1);
    }

    [Fact]
    public async Task Wrong_policies_and_bindings_are_refused()
    {
        var policy = await api.SendAsync(HttpMethod.Post, $"{Group}/validatingadmissionpolicies", """
            {"metadata":{"name":"wrong"},"spec":{"matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]},
              "variables":[{"name":"1x","expression":"1"},{"name":"y","expression":"params.x"}],
              "validations":[{"expression":"object.x =="},{"expression":"request.what == 1"},{"expression":"'a'"},{"expression":"variables.z == 1","reason":"Odd"},{"expression":"true","messageExpression":"1"}],
              "matchConditions":[{"name":"","expression":"true"}]}}
            """);
        policy.Code.ShouldBe(422);
        policy.Json["details"]!["causes"]!.AsArray().Select(c => (string?)c!["field"]).ShouldBe(
        [
            "spec.matchConditions[0].name", "spec.variables[0].name", "spec.variables[1].expression", "spec.validations[0].expression", "spec.validations[1].expression", "spec.validations[2].expression",
            "spec.validations[3].expression", "spec.validations[3].reason", "spec.validations[4].messageExpression",
        ]);
        var binding = await api.SendAsync(HttpMethod.Post, $"{Group}/validatingadmissionpolicybindings", """{"metadata":{"name":"wrong"},"spec":{"validationActions":["Deny","Warn"],"paramRef":{}}}""");
        binding.Json["details"]!["causes"]!.AsArray().Select(c => (string?)c!["field"]).ShouldBe(["spec.policyName", "spec.paramRef", "spec.paramRef.parameterNotFoundAction", "spec.validationActions"]);
    }

    [Fact]
    public async Task Rules_of_a_custom_kind_are_checked_on_every_write()
    {
        var group = $"g{Guid.NewGuid():N}"[..10] + ".example.com";
        await MakeAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", $$$"""
            "spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":
              {"type":"object","properties":{"spec":{"type":"object","properties":{"min":{"type":"integer"},"max":{"type":"integer"},"id":{"type":"string","x-kubernetes-validations":[{"rule":"self == oldSelf","message":"id is immutable"}]} },
                "x-kubernetes-validations":[{"rule":"self.min <= self.max","message":"min above max"}]} } } } }]}
            """, name: $"things.{group}");
        var path = $"/apis/{group}/v1/namespaces/{_ns}/things";
        await Eventually.HoldsAsync(async () => (await api.GetAsync(path)).Code == 200);
        string Thing(string spec) => $$$"""{"apiVersion":"{{{group}}}/v1","kind":"Thing","metadata":{"name":"a"},"spec":{{{spec}}} }""";
        (await api.SendAsync(HttpMethod.Post, path, Thing("""{"min":3,"max":2}"""))).Message.ShouldBe($"Thing.{group} \"a\" is invalid: spec: Invalid value: \"object\": min above max");
        (await api.SendAsync(HttpMethod.Post, path, Thing("""{"min":1,"max":2,"id":"x"}"""))).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Patch, $"{path}/a", """{"spec":{"id":"y"}}""", "application/merge-patch+json")).Message.ShouldContain("spec.id: Invalid value: \"string\": id is immutable");
        (await api.SendAsync(HttpMethod.Patch, $"{path}/a", """{"spec":{"max":5}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        (await api.SendAsync(HttpMethod.Post, path, Thing("""{"min":"x","max":2}""").Replace("\"a\"", "\"b\"", StringComparison.Ordinal))).Message.ShouldContain("some validation rules were not checked because the object was invalid");
    }

    private async Task PolicyAsync(string spec, string[] actions, string parameters = "")
    {
        var name = await MakeAsync("validatingadmissionpolicies", $$$"""
            "spec":{"matchConstraints":{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{_ns}}}"} },
              "resourceRules":[{"operations":["CREATE","UPDATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]},{{{spec}}} }
            """);
        await MakeAsync("validatingadmissionpolicybindings", $$$"""
            "spec":{"policyName":"{{{name}}}",{{{parameters}}}"validationActions":[{{{string.Join(',', actions.Select(a => $"\"{a}\""))}}}]}
            """);
    }

    private async Task<string> MakeAsync(string resource, string body, string? name = null)
    {
        name ??= $"p{Guid.NewGuid():N}"[..12];
        var path = resource.StartsWith('/') ? resource : $"{Group}/{resource}";
        var made = await api.SendAsync(HttpMethod.Post, path, $$"""{"metadata":{"name":"{{name}}"},{{body}} }""");
        made.Code.ShouldBe(201, made.Text);
        _made.Add($"{path}/{name}");
        return name;
    }
}
