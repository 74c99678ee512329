using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Resources.Json;
using Shouldly;

namespace Orchestrator.Tests.Resources.Json;

public class YamlWriterTests
{
    [Theory]
    [InlineData("\"busybox:1\"", "busybox:1\n")]
    [InlineData("\"\"", "\"\"\n")]
    [InlineData("\"true\"", "\"true\"\n")]
    [InlineData("\"12\"", "\"12\"\n")]
    [InlineData("\"2008-01-01T01:01:01Z\"", "\"2008-01-01T01:01:01Z\"\n")]
    [InlineData("\"1:30\"", "\"1:30\"\n")]
    [InlineData("\"*\"", "'*'\n")]
    [InlineData("\"it's: so\"", "'it''s: so'\n")]
    [InlineData("\"- a\"", "'- a'\n")]
    [InlineData("\" x\"", "' x'\n")]
    [InlineData("\"tab\\there\"", "\"tab\\there\"\n")]
    [InlineData("\"grün\"", "grün\n")]
    [InlineData("\"\\ud83d\\ude00\"", "\"\\U0001F600\"\n")]
    [InlineData("{\"b10\":1,\"b9\":2,\"a\":null,\"1\":[]}", "\"1\": []\na: null\nb9: 2\nb10: 1\n")]
    [InlineData("{\"a\":\"x\\ny\\n\"}", "a: |\n  x\n  y\n")]
    [InlineData("{\"a\":[\"x\\n\\ny\"]}", "a:\n- |-\n  x\n\n  y\n")]
    [InlineData("{\"a\":\" x\\ny\\n\\n\"}", "a: |2+\n   x\n  y\n\n")]
    [InlineData("{\"a\":\"x \\ny\"}", "a: \"x \\ny\"\n")]
    [InlineData("[[1,[2]],{\"a\":{}}]", "- - 1\n  - - 2\n- a: {}\n")]
    public void Values_are_written_as_gos_library_writes_them(string json, string yaml) =>
        Encoding.UTF8.GetString(YamlWriter.FromJson(Encoding.UTF8.GetBytes(json)).Span).ShouldBe(yaml);

    [Fact]
    public void Whatever_is_written_is_read_as_the_same_value()
    {
        var text = Gen.Elements("a", "1", ":", "#", " ", "\n", "-", "\"", "'", "\\", "\t", "{", "]", "ü", "\u0085", "\ud83d\ude00", "~", "true", "e", ".", "|", "%", "\r").ListOf().Resize(6).Select(string.Concat);
        var json = Gen.Zip(text, text).Zip(text).Select(t => new JsonObject { ["k"] = new JsonArray(t.Item1.Item1, new JsonObject { ["l" + t.Item1.Item2] = t.Item2 }), ["m" + t.Item2] = t.Item1.Item2 });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2_000), Prop.ForAll(Arb.From(json), value =>
            JsonNode.DeepEquals(JsonNode.Parse(YamlDecoder.ToJson(YamlWriter.FromJson(Encoding.UTF8.GetBytes(value.ToJsonString())).Span, [])), value)));
    }
}
