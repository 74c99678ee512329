using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.OpenApi;
using Orchestrator.Resources.Schema;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.OpenApi;

public sealed class GnosticTests
{
    [Fact]
    public void Every_version_3_document_says_the_same_in_protobuf()
    {
        var groups = KindCatalog.Default.All.Select(k => (k.Group, k.Version)).Concat(VirtualKinds.All.Select(k => (k.Group, k.Version))).Distinct().ToList();
        groups.Count.ShouldBeGreaterThan(20);
        foreach (var (group, version) in groups)
        {
            var document = OpenApiV3.BuildGroup(group, version, KindCatalog.Default.All, SchemaCatalog.Default, "v1.32.0");
            Same(GnosticReader.Version3.Read(OpenApiV3.ToProtobuf(document)), JsonNode.Parse(document.Content.Span), $"{group}/{version}");
        }
    }

    [Fact]
    public void The_version_2_document_says_the_same_in_protobuf()
    {
        var document = OpenApiV2.Build(KindCatalog.Default.All, SchemaCatalog.Default, "v1.32.0");
        Same(GnosticReader.Version2.Read(OpenApiV2.ToProtobuf(document)), JsonNode.Parse(document.Content.Span), "v2");
    }

    /// <summary>What built-in kinds do not use, custom kinds may.</summary>
    [Theory]
    [InlineData("""{"type":"object","nullable":true,"readOnly":true,"writeOnly":true,"deprecated":true,"uniqueItems":true,"title":"T","pattern":"^a$","format":"byte","description":"D"}""")]
    [InlineData("""{"multipleOf":0.5,"maximum":10,"exclusiveMaximum":true,"minimum":-1.25,"exclusiveMinimum":true,"maxLength":9,"minLength":1,"maxItems":8,"minItems":2,"maxProperties":7,"minProperties":3}""")]
    [InlineData("""{"maxLength":9223372036854775807,"minLength":-1}""")]
    [InlineData("""{"enum":["a",1,true,null,{"b":[1]}],"example":{"a":[1,{"b":"c"}],"d":"*"}}""")]
    [InlineData("""{"allOf":[{"type":"string"},{"$ref":"#/components/schemas/A"}],"oneOf":[{}],"anyOf":[{"required":["a","b"]}],"not":{"type":"integer"}}""")]
    [InlineData("""{"items":{"$ref":"#/components/schemas/A"},"properties":{"$ref":{"type":"string"},"default":{"type":"boolean"},"x-a":{}},"additionalProperties":{"items":{"type":"string"}}}""")]
    [InlineData("""{"additionalProperties":true,"externalDocs":{"description":"D","url":"http://d"},"xml":{"name":"n","attribute":true},"discriminator":{"propertyName":"p","mapping":{"a":"b"}}}""")]
    [InlineData("""{"additionalProperties":false,"default":false}""")]
    [InlineData("""{"default":true}""")]
    [InlineData("""{"default":0}""")]
    [InlineData("""{"default":1.5}""")]
    [InlineData("""{"default":""}""")]
    [InlineData("""{"default":"no"}""")]
    [InlineData("""{"x-kubernetes-validations":[{"message":"one\ntwo","rule":"self.a == 'b' && self.c != \"d\""},{"rule":"true"}],"x-kubernetes-preserve-unknown-fields":true,"x-kubernetes-list-map-keys":["no","1"]}""")]
    public void A_schema_says_the_same(string schema) => Same(GnosticReader.Version3.Read(GnosticV3.Write(Document(schema))), Document(schema), schema);

    [Theory]
    [InlineData("""{"minimum":0,"maxLength":0,"nullable":false,"title":"","required":[],"enum":[]}""", "{}")]
    [InlineData("""{"default":{"a":1}}""", """{"default":{"unsaid":true}}""")]
    [InlineData("""{"default":[1]}""", """{"default":{"unsaid":true}}""")]
    [InlineData("""{"default":null}""", """{"default":{"unsaid":true}}""")]
    [InlineData("""{"$ref":"#/components/schemas/A","type":"string","description":"D"}""", """{"$ref":"#/components/schemas/A","description":"D"}""")]
    public void What_the_messages_cannot_say_is_lost_as_it_is_upstream(string schema, string said) => Same(GnosticReader.Version3.Read(GnosticV3.Write(Document(schema))), Document(said), schema);

    [Theory]
    [InlineData("""{"nulable":true}""", "has invalid property: nulable")]
    [InlineData("""{"type":["string"]}""", """has unexpected value where a text should be: ["string"]""")]
    [InlineData("""{"maxLength":1.5}""", "has unexpected value where a whole number should be: 1.5")]
    [InlineData("""{"items":[]}""", "has unexpected value where an object should be: []")]
    [InlineData("""{"nullable":"yes"}""", "has unexpected value where a boolean should be: \"yes\"")]
    public void What_gnostic_does_not_know_is_refused(string schema, string message) => Should.Throw<GnosticFormatException>(() => GnosticV3.Write(Document(schema))).Message.ShouldBe(message);

    /// <summary>By hand from OpenAPIv3.proto: an oracle that shares nothing with the reader.</summary>
    [Fact]
    public void The_bytes_are_those_of_the_messages()
    {
        var bytes = GnosticV3.Write(JsonNode.Parse("""
            {"components":{"schemas":{"A":{"$ref":"B"},"C":{"default":1,"type":"object"}}},"openapi":"3.0.0","info":{"title":"K","version":"v"},
             "paths":{"/a":{"get":{"x-k":"s","responses":{"200":{"description":"OK"}}}}}}
            """)!);
        string[] expected =
        [
            "0A05", Hex("3.0.0"), "1206", "0A01", Hex("K"), "3201", Hex("v"),
            "2228", "0A26", "0A02", Hex("/a"), "1220", "221E", "420F", "120D", "0A03", Hex("200"), "1206", "0A04", "0A02", Hex("OK"), "6A0B", "0A03", Hex("x-k"), "1204", "1202", Hex("s\n"),
            "2A2C", "0A2A", "0A0A", "0A01", Hex("A"), "1205", "1203", "0A01", Hex("B"), "0A1C", "0A01", Hex("C"), "1217", "0A15", "CA0106", Hex("object"), "8A0209", "09000000000000F03F",
        ];
        Convert.ToHexString(bytes).ShouldBe(string.Concat(expected));
    }

    [Theory]
    [InlineData("\"map\"", "map\n")]
    [InlineData("\"*\"", "'*'\n")]
    [InlineData("\"true\"", "\"true\"\n")]
    [InlineData("true", "true\n")]
    [InlineData("[\"name\",\"port\"]", "- name\n- port\n")]
    [InlineData("[{\"group\":\"apps\",\"kind\":\"Deployment\",\"version\":\"v1\"}]", "- group: apps\n  kind: Deployment\n  version: v1\n")]
    [InlineData("{\"group\":\"\",\"kind\":\"Pod\",\"version\":\"v1\"}", "group: \"\"\nkind: Pod\nversion: v1\n")]
    public void Extensions_are_yaml_in_blocks(string json, string yaml)
    {
        var bytes = GnosticV3.Write(Document($$"""{"x-e":{{json}} }"""));
        Encoding.UTF8.GetString(bytes).ShouldContain($"x-e\u0012{(char)(Encoding.UTF8.GetByteCount(yaml) + 2)}\u0012{(char)Encoding.UTF8.GetByteCount(yaml)}{yaml}");
    }

    /// <summary>A custom kind may be as deep as any object, and must not take the documents from everybody.</summary>
    [Fact]
    public void A_deep_schema_is_published()
    {
        var schema = new JsonObject { ["type"] = "string" };
        for (var i = 0; i < 200; i++) schema = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["a"] = schema } };
        var document = OpenApiDocument.Of(Document(schema.ToJsonString(new() { MaxDepth = 600 })));
        var read = GnosticReader.Version3.Read(OpenApiV3.ToProtobuf(document));
        JsonNode.DeepEquals(read, document.Parse()).ShouldBeTrue();
    }

    private static JsonObject Document(string schema) => JsonNode.Parse($$"""{"openapi":"3.0.0","info":{"title":"T","version":"v1"},"paths":{},"components":{"schemas":{"A":{{schema}} } } }""", documentOptions: new() { MaxDepth = 600 })!.AsObject();

    private static string Hex(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));

    /// <summary>Equal, or the first place where they are not.</summary>
    private static void Same(JsonNode? actual, JsonNode? expected, string at)
    {
        if (actual is JsonObject one && expected is JsonObject other)
        {
            one.Select(m => m.Key).Order(StringComparer.Ordinal).ShouldBe(other.Select(m => m.Key).Order(StringComparer.Ordinal), at);
            foreach (var (name, value) in one) Same(value, other[name], $"{at} {name}");
        }
        else if (actual is JsonArray list && expected is JsonArray items)
        {
            list.Count.ShouldBe(items.Count, at);
            for (var i = 0; i < list.Count; i++) Same(list[i], items[i], $"{at} {i}");
        }
        else JsonNode.DeepEquals(actual, expected).ShouldBeTrue($"{at}: {actual?.ToJsonString()} is not {expected?.ToJsonString()}");
    }
}
