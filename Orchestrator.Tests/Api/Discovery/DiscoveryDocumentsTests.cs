using System.Text.Json.Nodes;
using Orchestrator.Api.Discovery;
using Orchestrator.Resources.Kinds;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Discovery;

public sealed class DiscoveryDocumentsTests
{
    private readonly KindCatalog _catalog = new(BuiltInKinds.All);

    private DiscoveryDocuments Documents => field ??= new DiscoveryDocuments(_catalog, () => "127.0.0.1:6443");

    private static JsonObject Json(Document? document) => JsonNode.Parse(document.ShouldNotBeNull().Json.Span)!.AsObject();

    private JsonArray Resources(string path) => Json(Documents.Plain(path))["resources"]!.AsArray();

    [Fact]
    public void A_resource_is_listed_with_its_names_verbs_and_subresources()
    {
        var resources = Resources("/apis/apps/v1");
        var deployments = resources.Single(r => (string?)r!["name"] == "deployments")!;
        ((string?)deployments["singularName"]).ShouldBe("deployment");
        ((bool)deployments["namespaced"]!).ShouldBeTrue();
        deployments["shortNames"]!.AsArray().Select(s => (string?)s).ShouldBe(["deploy"]);
        deployments["verbs"]!.AsArray().Select(s => (string?)s).ShouldContain("watch");
        var scale = resources.Single(r => (string?)r!["name"] == "deployments/scale")!;
        ((string?)scale["group"], (string?)scale["version"], (string?)scale["kind"]).ShouldBe(("autoscaling", "v1", "Scale"));
    }

    [Fact]
    public void Groups_name_a_preferred_version()
    {
        var groups = Json(Documents.Plain("/apis"))["groups"]!.AsArray();
        var apps = groups.Single(g => (string?)g!["name"] == "apps")!;
        ((string?)apps["preferredVersion"]!["groupVersion"]).ShouldBe("apps/v1");
        Json(Documents.Plain("/apis/apps"))["kind"]!.GetValue<string>().ShouldBe("APIGroup");
        groups.ShouldContain(g => (string?)g!["name"] == "authorization.k8s.io");
    }

    [Theory]
    [InlineData("v2")]
    [InlineData("v2beta1")]
    public void The_aggregated_form_holds_the_same_resources(string version)
    {
        var document = Documents.Aggregated("/api", version).ShouldNotBeNull();
        document.ContentType.ShouldBe($"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
        var core = Json(document)["items"]![0]!["versions"]![0]!["resources"]!.AsArray();
        core.Select(r => (string?)r!["resource"]).ShouldBe(Resources("/api/v1").Select(r => (string?)r!["name"]).Where(n => !n!.Contains('/')));
        var pods = core.Single(r => (string?)r!["resource"] == "pods")!;
        ((string?)pods["scope"]).ShouldBe("Namespaced");
        pods["subresources"]!.AsArray().Select(s => (string?)s!["subresource"]).ShouldContain("eviction");
    }

    [Fact]
    public void A_new_kind_changes_the_documents_and_their_tags()
    {
        var before = Documents.Aggregated("/apis", "v2")!.ETag;
        _catalog.Add(_catalog.Get("deployments.apps") with { Group = "example.org", GroupResource = "widgets.example.org", Plural = "widgets", Kind = "Widget", Singular = "widget" });
        Documents.Aggregated("/apis", "v2")!.ETag.ShouldNotBe(before);
        Resources("/apis/example.org/v1").ShouldContain(r => (string?)r!["name"] == "widgets");
        _catalog.Remove("example.org", "v1", "widgets");
        Documents.Plain("/apis/example.org/v1").ShouldBeNull();
        Documents.Aggregated("/apis", "v2")!.ETag.ShouldBe(before);
    }
}
