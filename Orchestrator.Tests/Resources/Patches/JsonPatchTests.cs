using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Patches;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Patches;

public class JsonPatchTests
{
    [Theory]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/b","value":null}]""", """{"a":1,"b":null}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"add","path":"/a/-","value":3},{"op":"add","path":"/a/0","value":0},{"op":"add","path":"/a/-1","value":4}]""", """{"a":[0,1,2,3,4]}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"remove","path":"/a/0"},{"op":"replace","path":"/a/0","value":{"x":1}}]""", """{"a":[{"x":1}]}""")]
    [InlineData("""{"a":{"b~/c":1}}""", """[{"op":"move","from":"/a/b~0~1c","path":"/d"}]""", """{"a":{},"d":1}""")]
    [InlineData("""{"a":[{"x":1}]}""", """[{"op":"copy","from":"/a/0","path":"/a/1"},{"op":"test","path":"/a/1/x","value":1}]""", """{"a":[{"x":1},{"x":1}]}""")]
    [InlineData("""{"a":1}""", """[{"op":"test","path":"/nothing","value":null}]""", """{"a":1}""")]
    public void Operations_apply_in_order(string document, string patch, string expected) => Apply(document, patch).ToJsonString().ShouldBe(expected);

    [Theory]
    [InlineData("""[{"op":"test","path":"/a","value":2}]""", "testing value /a failed: test failed")]
    [InlineData("""[{"op":"remove","path":"/b"}]""", "Unable to remove nonexistent key: b: missing value")]
    [InlineData("""[{"op":"replace","path":"/b","value":1}]""", "replace operation does not apply: doc is missing key: /b: missing value")]
    [InlineData("""[{"op":"add","path":"/b/c","value":1}]""", "add operation does not apply: doc is missing path: /b/c: missing value")]
    [InlineData("""[{"op":"add","path":"/l/5","value":1}]""", "Unable to access invalid index: 5")]
    [InlineData("""[{"op":"bake","path":"/a"}]""", "Unexpected kind: bake")]
    [InlineData("""[{"op":"add","path":"/a"}]""", "missing value")]
    [InlineData("""[{"op":"remove","path":""}]""", "doc is missing path")]
    public void An_operation_that_does_not_apply_is_a_422_that_says_why(string patch, string why)
    {
        var status = Should.Throw<StatusException>(() => Apply("""{"a":1,"l":[]}""", patch)).Status;
        status.Code.ShouldBe(422);
        status.Message.ShouldContain(why);
    }

    [Theory]
    [InlineData("{}"), InlineData("[1]"), InlineData("["), InlineData("")]
    public void What_is_no_patch_is_a_400(string patch) => Should.Throw<StatusException>(() => Apply("{}", patch)).Status.Code.ShouldBe(400);

    [Fact]
    public void More_than_ten_thousand_operations_are_a_413() =>
        Should.Throw<StatusException>(() => Apply("{}", "[" + string.Join(',', Enumerable.Repeat("{\"op\":\"add\",\"path\":\"/a\",\"value\":1}", 10_001)) + "]")).Status.Code.ShouldBe(413);

    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    [InlineData("""{"a":1}""", """{"a":{"b":null,"c":2}}""", """{"a":{"c":2}}""")]
    public void Merge_patch_follows_RFC_7386(string document, string patch, string expected) =>
        MergePatch.Apply(JsonNode.Parse(document), JsonNode.Parse(patch))!.ToJsonString().ShouldBe(expected);

    private static JsonNode Apply(string document, string patch) => JsonPatch.Apply(JsonNode.Parse(document)!, Encoding.UTF8.GetBytes(patch));
}
