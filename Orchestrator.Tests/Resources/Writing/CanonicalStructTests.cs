using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Writing;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Writing;

/// <summary>A field that is set in the bytes stands where a write of the whole struct puts it.</summary>
public sealed class CanonicalStructTests
{
    private static readonly SchemaType Pod = SchemaCatalog.Default.Find("io.k8s.api.core.v1.Pod");
    private static readonly SchemaType PodSpec = SchemaCatalog.Default.Find("io.k8s.api.core.v1.PodSpec");

    public static TheoryData<string> TextFields => [.. PodSpec.Fields.Where(f => f.Type.Kind == ValueKind.String).Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(TextFields))]
    public void Every_text_field_goes_where_it_belongs(string field)
    {
        var random = new Random(field.Length);
        for (var i = 0; i < 50; i++)
        {
            var spec = Spec(random);
            var value = random.Next(3) == 0 ? "a \"quoted\" \\ name \u00e9 <\u2028>" : $"node-{i}";
            var set = CanonicalStruct.WithText(CanonicalJson.WritePart(spec, Pod, "spec"), PodSpec, field, value);
            spec[field] = value;
            Encoding.UTF8.GetString(set).ShouldBe(Encoding.UTF8.GetString(CanonicalJson.WritePart(spec, Pod, "spec")));
        }
    }

    [Theory]
    [InlineData("""{"containers":[],"newField":{"nodeName":"x"},"hostNetwork":true}""", """{"containers":[],"newField":{"nodeName":"x"},"nodeName":"n","hostNetwork":true}""")]
    [InlineData("""{"newField":1,"nodeName":"old"}""", """{"newField":1,"nodeName":"n"}""")]
    [InlineData("""{"newField":1}""", """{"newField":1,"nodeName":"n"}""")]
    public void A_field_that_the_type_does_not_have_stays(string json, string expected) =>
        Encoding.UTF8.GetString(CanonicalStruct.WithText(Encoding.UTF8.GetBytes(json), PodSpec, "nodeName", "n")).ShouldBe(expected);

    [Fact]
    public void A_field_of_another_type_is_a_mistake() => Should.Throw<ArgumentException>(() => CanonicalStruct.WithText("{}"u8, PodSpec, "replicas", "n"));

    [Fact]
    public void An_empty_struct_gets_its_first_field() => Encoding.UTF8.GetString(CanonicalStruct.WithText("{}"u8, PodSpec, "nodeName", "n")).ShouldBe("""{"nodeName":"n"}""");

    [Theory]
    [InlineData("hostNetwork", true)]
    [InlineData("schedulingGates", true)]
    [InlineData("nodeName", false)]
    [InlineData("name", false)]
    public void It_has_what_is_written_at_its_top(string field, bool has) =>
        CanonicalStruct.Has("""{"containers":[{"name":"nodeName"}],"hostNetwork":true,"schedulingGates":[{"name":"g"}]}"""u8, field).ShouldBe(has);

    /// <summary>Some of the fields of a spec, of every form.</summary>
    private static JsonObject Spec(Random random)
    {
        var whole = JsonNode.Parse("""
            {"volumes":[{"name":"v"}],"initContainers":[{"name":"i"}],"containers":[{"name":"nodeName"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst",
             "nodeSelector":{"nodeName":"x"},"serviceAccountName":"s","serviceAccount":"s","automountServiceAccountToken":false,"nodeName":"old","hostNetwork":true,"securityContext":{},"hostname":"h",
             "subdomain":"d","affinity":{},"schedulerName":"default-scheduler","tolerations":[{"key":"k"}],"priorityClassName":"p","priority":1,"preemptionPolicy":"Never","overhead":{"cpu":"1"},
             "schedulingGates":[{"name":"g"}],"os":{"name":"linux"}}
            """)!.AsObject();
        foreach (var name in whole.Select(p => p.Key).ToList())
            if (random.Next(2) == 0) whole.Remove(name);
        return whole;
    }
}
