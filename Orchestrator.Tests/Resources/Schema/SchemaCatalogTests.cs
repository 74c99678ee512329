using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Schema;

public class SchemaCatalogTests
{
    private static readonly SchemaCatalog Catalog = SchemaCatalog.Load();

    [Fact]
    public void Every_reference_leads_to_a_type()
    {
        Catalog.Names.Count.ShouldBeGreaterThan(500);
        foreach (var name in Catalog.Names)
            foreach (var field in Catalog.Find(name).Fields)
                for (var type = field.Type; type is not null; type = type.Element)
                    if (type.Kind == ValueKind.Struct) type.Struct.Name.ShouldNotBeEmpty();
    }

    [Fact]
    public void Every_served_kind_has_a_type_of_its_version()
    {
        foreach (var kind in KindCatalog.Default.All) Catalog.Find(kind.SchemaName).ApiVersion.ShouldBe(kind.ApiVersion, kind.SchemaName);
        foreach (var kind in VirtualKinds.All) Catalog.Find(kind.SchemaName).ApiVersion.ShouldBe(kind.ApiVersion, kind.SchemaName);
    }

    [Fact]
    public void Facts_of_well_known_fields_are_there()
    {
        var ports = Catalog.Find("io.k8s.api.core.v1.Container").Field("ports")!;
        ports.PatchStrategies.ShouldBe(["merge"]);
        ports.PatchMergeKey.ShouldBe("containerPort");
        ports.ListType.ShouldBe("map");
        ports.ListMapKeys.ShouldBe(["containerPort", "protocol"]);
        ports.Type.Element!.Struct.ShortName.ShouldBe("ContainerPort");
        var strategy = Catalog.Find("io.k8s.api.apps.v1.DeploymentSpec").Field("strategy")!;
        strategy.PatchStrategies.ShouldBe(["retainKeys"]);
        strategy.ProtobufNumber.ShouldBe(4);
        var volume = Catalog.Find("io.k8s.api.core.v1.Volume").Field("configMap")!;
        volume.ProtobufPath.ShouldBe([2]);
        volume.ProtobufNumber.ShouldBe(19);
        Catalog.Find("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations").Field("scope")!.ProtobufPath.ShouldBe([2, 2]);
        Catalog.Find("io.k8s.api.core.v1.LocalObjectReference").StructType.ShouldBe("atomic");
        Catalog.Find("io.k8s.api.core.v1.ContainerPort").Field("protocol")!.Default!.ToJsonString().ShouldBe("\"TCP\"");
        Catalog.Find("io.k8s.api.core.v1.Container").Field("imagePullPolicy")!.Enum.ShouldBe(["Always", "Never", "IfNotPresent"]);
    }

    [Fact]
    public void Added_types_are_found_and_forgotten_again()
    {
        var catalog = SchemaCatalog.Load();
        catalog.Add(new SchemaType("com.example.v1.Widget", []) { IsCustom = true, PreserveUnknown = true });
        catalog.Find("com.example.v1.Widget").ShortName.ShouldBe("Widget");
        catalog.Remove("com.example.v1.Widget");
        catalog.TryFind("com.example.v1.Widget").ShouldBeNull();
    }
}
