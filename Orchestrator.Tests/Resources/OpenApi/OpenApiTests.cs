using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.OpenApi;
using Orchestrator.Resources.Schema;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.OpenApi;

public class OpenApiTests
{
    private static readonly JsonObject V2 = OpenApiV2.BuildJson(KindCatalog.Default.All, SchemaCatalog.Default, "v1.32.0");

    [Fact]
    public void Every_reference_of_version_2_leads_to_a_definition() => CheckReferences(V2, "#/definitions/", V2["definitions"]!.AsObject());

    [Fact]
    public void Every_reference_of_every_version_3_document_leads_to_a_schema()
    {
        foreach (var (group, version) in KindCatalog.Default.All.Select(k => (k.Group, k.Version)).Distinct())
        {
            var document = OpenApiV3.BuildGroup(group, version, KindCatalog.Default.All, SchemaCatalog.Default, "v1.32.0");
            var json = JsonNode.Parse(document.Content.Span)!.AsObject();
            CheckReferences(json, "#/components/schemas/", json["components"]!["schemas"]!.AsObject());
            json["paths"]!.AsObject().Count.ShouldBeGreaterThan(0);
        }
    }

    [Fact]
    public void A_kind_carries_its_group_version_kind_and_its_merge_facts()
    {
        var deployment = V2["definitions"]!["io.k8s.api.apps.v1.Deployment"]!;
        deployment["x-kubernetes-group-version-kind"]!.ToJsonString().ShouldBe("""[{"group":"apps","kind":"Deployment","version":"v1"}]""");
        var containers = V2["definitions"]!["io.k8s.api.core.v1.PodSpec"]!["properties"]!["containers"]!;
        ((string?)containers["x-kubernetes-patch-merge-key"], (string?)containers["x-kubernetes-patch-strategy"], (string?)containers["x-kubernetes-list-type"]).ShouldBe(("name", "merge", "map"));
        V2["definitions"]!["io.k8s.api.core.v1.PodSpec"]!["required"]!.ToJsonString().ShouldBe("""["containers"]""");
    }

    [Fact]
    public void A_patch_operation_offers_dry_run_as_kubectl_looks_for()
    {
        var patch = V2["paths"]!["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!["patch"]!;
        ((string?)patch["x-kubernetes-action"]).ShouldBe("patch");
        patch["parameters"]!.AsArray().Select(p => (string?)p!["name"]).ShouldBe(["body", "dryRun", "fieldManager", "fieldValidation", "force"]);
    }

    [Fact]
    public void The_hash_stands_for_the_content()
    {
        var first = OpenApiV3.BuildGroup("apps", "v1", KindCatalog.Default.All, SchemaCatalog.Default, "v1.32.0");
        OpenApiV3.BuildGroup("apps", "v1", KindCatalog.Default.All, SchemaCatalog.Default, "v1.32.0").Hash.ShouldBe(first.Hash);
        OpenApiV3.BuildGroup("apps", "v1", KindCatalog.Default.All, SchemaCatalog.Default, "v1.32.1").Hash.ShouldNotBe(first.Hash);
        JsonNode.Parse(OpenApiV3.BuildIndex([KeyValuePair.Create("apis/apps/v1", first.Hash)]).Content.Span)!["paths"]!["apis/apps/v1"]!["serverRelativeURL"]!.GetValue<string>()
            .ShouldBe($"/openapi/v3/apis/apps/v1?hash={first.Hash}");
    }

    private static void CheckReferences(JsonNode? node, string prefix, JsonObject targets)
    {
        switch (node)
        {
            case JsonObject obj:
                if (obj["$ref"] is JsonValue reference)
                {
                    var text = (string)reference!;
                    text.ShouldStartWith(prefix);
                    targets.ContainsKey(text[prefix.Length..]).ShouldBeTrue(text);
                }
                foreach (var (_, value) in obj) CheckReferences(value, prefix, targets);
                break;
            case JsonArray list:
                foreach (var value in list) CheckReferences(value, prefix, targets);
                break;
        }
    }
}
