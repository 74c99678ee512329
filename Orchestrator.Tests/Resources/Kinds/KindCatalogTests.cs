using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Orchestrator.Tests.Resources.Fixtures;
using Shouldly;

namespace Orchestrator.Tests.Resources.Kinds;

public sealed class KindCatalogTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Kinds() => [.. KindCatalog.Default.All.Select(k => $"{k.ApiVersion}/{k.Kind}")];

    [Fact]
    public void Kinds_are_found_by_every_name_they_go_by()
    {
        var deployment = KindCatalog.Default.Find("apps", "v1", "deployments").ShouldNotBeNull();

        KindCatalog.Default.FindByGroupResource("deployments.apps").ShouldBeSameAs(deployment);
        KindCatalog.Default.FindByKind("apps", "Deployment").ShouldBeSameAs(deployment);
        KindCatalog.Default.FindByApiVersion("apps/v1", "Deployment").ShouldBeSameAs(deployment);
        KindCatalog.Default.FindByApiVersion("v1", "Pod")!.GroupResource.ShouldBe("pods");
        KindCatalog.Default.Find("apps", "v1", "pods").ShouldBeNull();
    }

    [Fact]
    public void Kinds_come_and_go_at_run_time()
    {
        var catalogue = new KindCatalog(KindCatalog.Default.All);
        var widget = new ResourceKind
        {
            Group = "example.com",
            Version = "v1",
            Kind = "Widget",
            Plural = "widgets",
            Singular = "widget",
            Namespaced = true,
            SchemaName = "com.example.v1.Widget",
            Strategy = new PlainStrategy(),
        };

        catalogue.Add(widget);
        catalogue.FindByGroupResource("widgets.example.com").ShouldBeSameAs(widget);
        catalogue.Remove("example.com", "v1", "widgets").ShouldBeTrue();

        catalogue.FindByGroupResource("widgets.example.com").ShouldBeNull();
        catalogue.Remove("example.com", "v1", "widgets").ShouldBeFalse();
        KindCatalog.Default.Find("example.com", "v1", "widgets").ShouldBeNull();
    }

    [Fact]
    public void No_two_kinds_share_a_name()
    {
        KindCatalog.Default.All.Select(k => (k.GroupResource, k.Version)).ShouldBeUnique();
        KindCatalog.Default.All.Where(k => k.Conversion is null).SelectMany(k => k.ShortNames).ShouldBeUnique();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_kind_has_a_schema_and_survives_a_fully_populated_object(string name)
    {
        var kind = Kind(name);
        SchemaCatalog.Default.Find(kind.SchemaName).ShouldNotBeNull();
        // Their fixtures are in other repositories of upstream's.
        var obj = kind.Group is "apiextensions.k8s.io" or "apiregistration.k8s.io"
            ? new JsonObject { ["metadata"] = new JsonObject { ["name"] = "x" }, ["spec"] = new JsonObject { ["group"] = "example.com" } }
            : ApiFixtures.Json($"{(kind.Group.Length == 0 ? "core" : kind.Group)}.{kind.Version}.{kind.Kind}");
        var old = obj.DeepClone().AsObject();

        kind.Strategy.PrepareForUpdate(obj, old, "");
        kind.Strategy.Default(obj);
        // The fixture's values are arbitrary: validation finds much, and must cope with all of it.
        kind.Strategy.Validate(obj, new FieldErrors());
        kind.Strategy.ValidateUpdate(obj, old, "", new FieldErrors());
        kind.Strategy.ValidateUpdate(obj, old, "status", new FieldErrors());

        kind.Strategy.Cells(obj, Now).Count.ShouldBe(kind.Strategy.TableColumns.Count);
        kind.Strategy.TableColumns.Count(c => c.Format == "name" && c.Name == "Name").ShouldBe(1);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_kind_copes_with_an_empty_object(string name)
    {
        var kind = Kind(name);
        var obj = new JsonObject { ["apiVersion"] = kind.ApiVersion, ["kind"] = kind.Kind };
        var offered = kind.Strategy.SelectableFields([]).Select(f => f.Key).ToList();

        kind.Strategy.PrepareForCreate(obj);
        kind.Strategy.Default(obj);
        kind.Strategy.Validate(obj, new FieldErrors());

        kind.Strategy.Cells(obj, Now).Count.ShouldBe(kind.Strategy.TableColumns.Count);
        kind.Strategy.SelectableFields(obj).Select(f => f.Key).ShouldBe(offered);
    }

    [Fact]
    public void Subresources_carry_their_virtual_kinds()
    {
        VirtualKinds.OfSubresource("scale")!.ApiVersion.ShouldBe("autoscaling/v1");
        VirtualKinds.OfSubresource("eviction")!.ApiVersion.ShouldBe("policy/v1");
        VirtualKinds.OfSubresource("status").ShouldBeNull();
        VirtualKinds.Find("authentication.k8s.io", "v1", "tokenreviews")!.Kind.ShouldBe("TokenReview");
        foreach (var kind in VirtualKinds.All) SchemaCatalog.Default.Find(kind.SchemaName).ShouldNotBeNull();
    }

    private static ResourceKind Kind(string name)
    {
        var slash = name.LastIndexOf('/');
        return KindCatalog.Default.FindByApiVersion(name[..slash], name[(slash + 1)..])!;
    }
}
