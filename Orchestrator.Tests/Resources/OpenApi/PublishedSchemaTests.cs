using System.Text.Json.Nodes;
using Orchestrator.Resources.Extensions;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.OpenApi;

/// <summary>A custom kind's schema as version 2 shows it to kubectl, which takes what it cannot read for an error of the object.</summary>
public class PublishedSchemaTests
{
    [Theory]
    [InlineData("""{"type":"object","description":"d","properties":{"a":{"type":"string"}},"x-kubernetes-preserve-unknown-fields":true}""", """{"type":"object"}""")]
    [InlineData("""{"type":"object","properties":{"spec":{"type":"object","properties":{"a":{"type":"string"}},"x-kubernetes-preserve-unknown-fields":true}}}""",
        """{"type":"object","properties":{"spec":{"x-kubernetes-preserve-unknown-fields":true}}}""")]
    [InlineData("""{"type":"object","required":["a","b"],"properties":{"a":{"type":"array","items":{"type":"string"},"nullable":true},"b":{"type":"string"}}}""",
        """{"type":"object","required":["b"],"properties":{"a":{},"b":{"type":"string"}}}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"},"x-kubernetes-preserve-unknown-fields":true}}}""", """{"type":"object","properties":{"a":{"x-kubernetes-preserve-unknown-fields":true}}}""")]
    [InlineData("""{"type":"object","oneOf":[{"required":["a"]}],"properties":{"a":{"anyOf":[{"type":"integer"},{"type":"string"}],"x-kubernetes-int-or-string":true}}}""",
        """{"type":"object","properties":{"a":{"x-kubernetes-int-or-string":true}}}""")]
    public void What_version_2_cannot_say_is_left_out(string schema, string shown) =>
        PublishedSchema.ForVersion2(JsonNode.Parse(schema)!.AsObject()).ToJsonString().ShouldBe(shown);
}
