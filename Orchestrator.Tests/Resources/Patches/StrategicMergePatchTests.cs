using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Patches;
using Orchestrator.Resources.Schema;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Patches;

public class StrategicMergePatchTests
{
    public static IEnumerable<object[]> Cases => Enumerable.Range(0, StrategicMergeCase.All.Count).Select(i => new object[] { i });

    [Theory, MemberData(nameof(Cases))]
    public void Agrees_with_upstream(int index)
    {
        var (original, patch, expected, error, sorted) = StrategicMergeCase.All[index];
        JsonObject Run() => StrategicMergePatch.Apply(original.DeepClone().AsObject(), patch, StrategicMergeCase.Item);
        if (error is not null)
        {
            Should.Throw<StatusException>(Run).Status.Message.ShouldContain(error);
            return;
        }
        var actual = Run();
        JsonNode.DeepEquals(sorted ? Sort(actual) : actual, sorted ? Sort(expected) : expected)
            .ShouldBeTrue($"{original.ToJsonString()} + {patch.ToJsonString()} gave {actual.ToJsonString()}, not {expected!.ToJsonString()}");
    }

    [Fact]
    public void A_container_patched_by_name_keeps_its_other_fields_and_its_place()
    {
        var pod = JsonNode.Parse("""{"spec":{"containers":[{"name":"a","image":"a:1","args":["x"]},{"name":"b","image":"b:1"}]}}""")!.AsObject();
        var patch = JsonNode.Parse("""{"spec":{"containers":[{"name":"a","image":"a:2"}]}}""")!.AsObject();
        StrategicMergePatch.Apply(pod, patch, SchemaCatalog.Default.Find("io.k8s.api.core.v1.Pod")).ToJsonString()
            .ShouldBe("""{"spec":{"containers":[{"name":"a","image":"a:2","args":["x"]},{"name":"b","image":"b:1"}]}}""");
    }

    [Fact]
    public void Switching_a_deployment_to_recreate_drops_the_rolling_parameters()
    {
        var deployment = JsonNode.Parse("""{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}""")!.AsObject();
        var patch = JsonNode.Parse("""{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}""")!.AsObject();
        StrategicMergePatch.Apply(deployment, patch, SchemaCatalog.Default.Find("io.k8s.api.apps.v1.Deployment")).ToJsonString()
            .ShouldBe("""{"spec":{"strategy":{"type":"Recreate"}}}""");
    }

    [Fact]
    public void An_object_under_a_field_the_type_lacks_is_refused()
    {
        var pod = JsonNode.Parse("""{"spec":{"nothing":{"a":1}}}""")!.AsObject();
        var patch = JsonNode.Parse("""{"spec":{"nothing":{"a":2}}}""")!.AsObject();
        Should.Throw<StatusException>(() => StrategicMergePatch.Apply(pod, patch, SchemaCatalog.Default.Find("io.k8s.api.core.v1.Pod")))
            .Status.Code.ShouldBe(422);
    }

    /// <summary>Object members by name, and every list by its elements' text: upstream compares these cases after sorting.</summary>
    private static JsonNode? Sort(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sort(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sort).OrderBy(n => n?.ToJsonString(), StringComparer.Ordinal)]),
        _ => node?.DeepClone(),
    };
}
