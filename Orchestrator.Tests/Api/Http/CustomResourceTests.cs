using System.Net;
using System.Text.Json.Nodes;
using Orchestrator.Tests.Resources.OpenApi;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Http;

/// <summary>CustomResourceDefinitions: from the definition to objects that are served like any other kind's, and away again.</summary>
[Collection("api")]
public class CustomResourceTests(ApiFixture api)
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private const string Schema = """
        {"type":"object","required":["spec"],"properties":{
          "spec":{"type":"object","required":["size"],"properties":{
            "size":{"type":"integer","minimum":1,"maximum":10},
            "color":{"type":"string","enum":["red","blue"],"default":"red"},
            "replicas":{"type":"integer"},
            "any":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
            "parts":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
              "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"value":{"type":"string"}}}}}},
          "status":{"type":"object","properties":{"replicas":{"type":"integer"},"selector":{"type":"string"},"phase":{"type":"string"}}}}}
        """;

    [Fact]
    public async Task A_definition_is_established_and_its_kind_is_served_everywhere()
    {
        var (group, path) = await DefineAsync();
        var definition = await api.GetAsync($"{Definitions}/widgets.{group}");
        definition.Json["status"]!["conditions"]!.AsArray().Select(c => ((string?)c!["type"], (string?)c["status"])).ShouldBe([("NamesAccepted", "True"), ("Established", "True")], ignoreOrder: true);
        ((string?)definition.Json["spec"]!["names"]!["listKind"]).ShouldBe("WidgetList");
        definition.Json["status"]!["storedVersions"]!.ToJsonString().ShouldBe("""["v1"]""");
        var resources = (await api.GetAsync($"/apis/{group}/v1")).Json["resources"]!.AsArray();
        resources.Select(r => (string?)r!["name"]).ShouldBe(["widgets", "widgets/scale", "widgets/status"]);
        resources[0]!["shortNames"]!.ToJsonString().ShouldBe("""["wd"]""");
        (await api.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")).Text.ShouldContain(group);
        var openApi = await api.GetAsync($"/openapi/v3/apis/{group}/v1");
        openApi.Text.ShouldContain("x-kubernetes-list-map-keys");
        (await api.GetAsync("/openapi/v2")).Text.ShouldContain($"/apis/{group}/v1/namespaces/{{namespace}}/widgets");
        (await api.GetAsync(path)).Json["kind"]!.GetValue<string>().ShouldBe("WidgetList");
    }

    [Fact]
    public async Task A_custom_kind_is_described_in_both_forms()
    {
        var (group, _) = await DefineAsync();
        var path = $"/openapi/v3/apis/{group}/v1";
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", "application/com.github.proto-openapi.spec.v3.v1.0+protobuf");
        using var response = await api.Admin.SendAsync(request);
        var document = GnosticReader.Version3.Read(await response.Content.ReadAsByteArrayAsync());
        JsonNode.DeepEquals(document, (await api.GetAsync(path)).Json).ShouldBeTrue();
        document.ToJsonString().ShouldContain("""
            "color":{"enum":["red","blue"],"type":"string","default":"red"}
            """);
    }

    [Fact]
    public async Task Objects_are_defaulted_pruned_and_validated()
    {
        var (group, path) = await DefineAsync();
        var made = await api.SendAsync(HttpMethod.Post, path, Widget(group, "a", """{"size":3,"unknown":1,"any":{"x":{"y":1}}}"""));
        made.Code.ShouldBe(201);
        made.Json["spec"]!.ToJsonString().ShouldBe("""{"any":{"x":{"y":1}},"color":"red","size":3}""");
        made.Warnings.ShouldHaveSingleItem().ShouldContain("unknown field \\\"spec.unknown\\\"");
        ((int)made.Json["metadata"]!["generation"]!).ShouldBe(1);
        var strict = await api.SendAsync(HttpMethod.Post, $"{path}?fieldValidation=Strict", Widget(group, "b", """{"size":3,"unknown":1}"""));
        strict.Code.ShouldBe(400);
        strict.Message.ShouldContain("strict decoding error: unknown field \"spec.unknown\"");

        var wrong = await api.SendAsync(HttpMethod.Post, path, Widget(group, "b", """{"size":11,"color":"green","parts":[{"name":"x"},{"name":"x"}]}"""));
        wrong.Code.ShouldBe(422);
        wrong.Json["details"]!["causes"]!.AsArray().Select(c => (string?)c!["message"]).ShouldBe(
        [
            "Invalid value: 11: spec.size in body should be less than or equal to 10",
            "Unsupported value: \"green\": supported values: \"blue\", \"red\"",
            "Duplicate value: {\"name\":\"x\"}",
        ], ignoreOrder: true);
        (await api.SendAsync(HttpMethod.Post, path, Widget(group, "b", "{}"))).Message.ShouldBe($"Widget.{group} \"b\" is invalid: spec.size: Required value");
        (await api.SendAsync(HttpMethod.Post, path, Widget(group, "b", """{"size":"x"}"""))).Message
            .ShouldBe($"Widget.{group} \"b\" is invalid: spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"");
    }

    [Fact]
    public async Task Status_and_scale_are_subresources_and_columns_are_shown()
    {
        var (group, path) = await DefineAsync();
        await api.SendAsync(HttpMethod.Post, path, Widget(group, "a", """{"size":3,"replicas":2}"""));
        var status = await api.SendAsync(HttpMethod.Patch, $"{path}/a/status", """{"spec":{"size":9},"status":{"replicas":2,"selector":"a=b","phase":"Fine"}}""", "application/merge-patch+json");
        status.Code.ShouldBe(200);
        ((int)status.Json["spec"]!["size"]!).ShouldBe(3);
        var scale = await api.GetAsync($"{path}/a/scale");
        scale.Json["status"]!.ToJsonString().ShouldBe("""{"replicas":2,"selector":"a=b"}""");
        (await api.SendAsync(HttpMethod.Patch, $"{path}/a/scale", """{"spec":{"replicas":5}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        var scaled = await api.GetAsync($"{path}/a");
        ((int)scaled.Json["spec"]!["replicas"]!, (int)scaled.Json["metadata"]!["generation"]!).ShouldBe((5, 2));
        var table = await api.GetAsync(path, "application/json;as=Table;v=v1;g=meta.k8s.io");
        table.Json["columnDefinitions"]!.AsArray().Select(c => (string?)c!["name"]).ShouldBe(["Name", "Size", "Phase", "Age"]);
        table.Json["rows"]![0]!["cells"]!.AsArray().Take(3).Select(c => c!.ToJsonString()).ShouldBe(["\"a\"", "3", "\"Fine\""]);
        (await api.GetAsync($"{path}?fieldSelector=spec.color%3Dblue")).Names.ShouldBeEmpty();
        (await api.GetAsync($"{path}?fieldSelector=spec.color%3Dred")).Names.ShouldBe(["a"]);
    }

    [Fact]
    public async Task Apply_merges_lists_by_the_keys_of_the_schema()
    {
        var (group, path) = await DefineAsync();
        Task<ApiAnswer> Apply(string manager, string spec) => api.SendAsync(HttpMethod.Patch, $"{path}/a?fieldManager={manager}", Widget(group, "a", spec), "application/apply-patch+yaml");
        (await Apply("one", """{"size":3,"parts":[{"name":"x","value":"1"}]}""")).Code.ShouldBe(201);
        var both = await Apply("two", """{"size":3,"parts":[{"name":"y","value":"2"}]}""");
        both.Json["spec"]!["parts"]!.ToJsonString().ShouldBe("""[{"name":"x","value":"1"},{"name":"y","value":"2"}]""");
        (await Apply("two", """{"size":4}""")).Message.ShouldBe($"Apply failed with 1 conflict: conflict with \"one\": .spec.size");
        var left = await Apply("two", """{"size":3}""");
        left.Json["spec"]!["parts"]!.ToJsonString().ShouldBe("""[{"name":"x","value":"1"}]""");
        (await api.SendAsync(HttpMethod.Patch, $"{path}/a", "{}", "application/strategic-merge-patch+json")).Code.ShouldBe(415);
    }

    [Fact]
    public async Task A_deleted_definition_takes_its_objects_along()
    {
        var (group, path) = await DefineAsync();
        await api.SendAsync(HttpMethod.Post, path, Widget(group, "a", """{"size":3}"""));
        (await api.SendAsync(HttpMethod.Delete, $"{Definitions}/widgets.{group}")).Code.ShouldBe(200);
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{Definitions}/widgets.{group}")).Code == 404);
        (await api.GetAsync(path)).Code.ShouldBe(404);
        (await api.GetAsync($"/apis/{group}/v1")).Code.ShouldBe(404);
        // The same name again starts empty.
        await DefineAsync(group);
        (await api.GetAsync(path)).Names.ShouldBeEmpty();
    }

    [Fact]
    public async Task Watches_of_a_deleted_kind_end_after_its_last_object()
    {
        var (group, path) = await DefineAsync();
        await api.SendAsync(HttpMethod.Post, path, Widget(group, "a", """{"size":3}"""));
        using var response = await api.Admin.GetAsync($"{path}?watch=true", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        (await reader.ReadLineAsync(deadline.Token))!.ShouldContain("\"ADDED\"");
        (await api.SendAsync(HttpMethod.Delete, $"{Definitions}/widgets.{group}")).Code.ShouldBe(200);
        (await reader.ReadLineAsync(deadline.Token))!.ShouldContain("\"DELETED\"");
        (await reader.ReadLineAsync(deadline.Token)).ShouldBeNull();
    }

    [Fact]
    public async Task Versions_show_the_same_objects()
    {
        var (group, path) = await DefineAsync(versions: """
            {"name":"v1beta1","served":true,"storage":false,"deprecated":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}
            """);
        await api.SendAsync(HttpMethod.Post, path, Widget(group, "a", """{"size":3}"""));
        var old = await api.GetAsync(path.Replace("/v1/", "/v1beta1/", StringComparison.Ordinal) + "/a");
        ((string?)old.Json["apiVersion"]).ShouldBe($"{group}/v1beta1");
        old.Warnings.ShouldHaveSingleItem().ShouldContain($"{group}/v1beta1 Widget is deprecated");
        var list = await api.GetAsync(path.Replace("/v1/", "/v1beta1/", StringComparison.Ordinal));
        ((string?)list.Json["items"]![0]!["apiVersion"]).ShouldBe($"{group}/v1beta1");
        var patched = await api.SendAsync(HttpMethod.Patch, path.Replace("/v1/", "/v1beta1/", StringComparison.Ordinal) + "/a?fieldManager=old", """{"spec":{"color":"blue"}}""", "application/merge-patch+json");
        ((string?)patched.Json["apiVersion"]).ShouldBe($"{group}/v1beta1");
        var now = await api.GetAsync($"{path}/a");
        ((string?)now.Json["apiVersion"], (string?)now.Json["spec"]!["color"]).ShouldBe(($"{group}/v1", "blue"));
        (await api.GetAsync($"/apis/{group}")).Json["preferredVersion"]!["version"]!.GetValue<string>().ShouldBe("v1");
    }

    [Fact]
    public async Task Wrong_definitions_are_refused()
    {
        var answer = await api.SendAsync(HttpMethod.Post, Definitions, """
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x.example.com"},
             "spec":{"group":"example.com","scope":"Nowhere","names":{"plural":"things","kind":"Thing"},
              "versions":[{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{"type":"array"}}}}}]}}
            """);
        answer.Code.ShouldBe(422);
        answer.Json["details"]!["causes"]!.AsArray().Select(c => (string?)c!["field"]).ShouldBe(
            ["metadata.name", "spec.scope", "spec.versions[0].schema.openAPIV3Schema.properties[a].items", "spec.versions"], ignoreOrder: true);
    }

    [Fact]
    public async Task Names_that_another_definition_has_are_not_accepted()
    {
        var (group, _) = await DefineAsync();
        var second = await api.SendAsync(HttpMethod.Post, Definitions, $$$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"others.{{{group}}}"},
             "spec":{"group":"{{{group}}}","scope":"Cluster","names":{"plural":"others","kind":"Widget"},
              "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"} } }]} }
            """);
        second.Code.ShouldBe(201);
        JsonObject? condition = null;
        await Eventually.HoldsAsync(async () =>
        {
            condition = (await api.GetAsync($"{Definitions}/others.{group}")).Json["status"]!["conditions"]!.AsArray().Select(c => c!.AsObject()).FirstOrDefault(c => (string?)c["type"] == "NamesAccepted");
            return condition is not null;
        });
        ((string?)condition!["status"], (string?)condition["reason"]).ShouldBe(("False", "ListKindConflict"));
        (await api.GetAsync($"/apis/{group}/v1/others")).Code.ShouldBe(404);
    }

    /// <summary>Defines widgets in a group of the test's own and waits until they are served; answers with the group and the path of its widgets in a new namespace.</summary>
    private async Task<(string Group, string Path)> DefineAsync(string? group = null, string versions = "")
    {
        group ??= $"g{Guid.NewGuid():N}"[..10] + ".example.com";
        var made = await api.SendAsync(HttpMethod.Post, Definitions, $$$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.{{{group}}}"},
             "spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget","shortNames":["wd"],"categories":["all"]},
              "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{Schema}}} },
                "subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}},
                "selectableFields":[{"jsonPath":".spec.color"}],
                "additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size"},{"name":"Phase","type":"string","jsonPath":".status.phase"},
                  {"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}]}{{{(versions.Length == 0 ? "" : "," + versions)}}}]} }
            """);
        made.Code.ShouldBe(201, made.Text);
        var path = $"/apis/{group}/v1/namespaces/{await api.NamespaceAsync()}/widgets";
        await Eventually.HoldsAsync(async () => (await api.GetAsync(path)).Code == 200);
        return (group, path);
    }

    private static string Widget(string group, string name, string spec) =>
        $$$"""{"apiVersion":"{{{group}}}/v1","kind":"Widget","metadata":{"name":"{{{name}}}"},"spec":{{{spec}}} }""";
}
