using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Schema;
using Orchestrator.Tests.Resources.Fixtures;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Protobuf;

public class ProtobufFixtureTests
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IEnumerable<object[]> Fixtures => ApiFixtures.Names;

    [Theory, MemberData(nameof(Fixtures))]
    public void Json_encodes_to_the_protobuf_fixture_byte_for_byte(string name)
    {
        var json = Encoding.UTF8.GetBytes(ApiFixtures.Json(name).ToJsonString(Compact));
        Convert.ToHexString(ProtobufEncoder.Encode(json, ApiFixtures.Type(name))).ShouldBe(Convert.ToHexString(ApiFixtures.Bytes(name, "pb")));
    }

    [Theory, MemberData(nameof(Fixtures))]
    public void The_protobuf_fixture_decodes_to_the_json_fixture(string name)
    {
        var decoded = ProtobufDecoder.Decode(ApiFixtures.Bytes(name, "pb"), ApiFixtures.Type(name));
        var expected = ApiFixtures.Json(name);
        ((string?)decoded["metadata"]?["resourceVersion"]).ShouldBe((string?)expected["metadata"]?["resourceVersion"]);
        if (expected["metadata"] is JsonObject metadata) metadata.Remove("resourceVersion");
        Encoding.UTF8.GetString(CanonicalJson.Write(decoded, ApiFixtures.Type(name))).ShouldBe(expected.ToJsonString(Compact));
    }

    [Theory, MemberData(nameof(Fixtures))]
    public void An_object_without_content_comes_back_as_the_same_canonical_json(string name)
    {
        var type = ApiFixtures.Type(name);
        var empty = CanonicalJson.Write(ObjectDecoder.Decode("{}"u8, type, FieldValidation.Strict, []), type);
        var decoded = ProtobufDecoder.Decode(ProtobufEncoder.Encode(empty, type), type);
        Encoding.UTF8.GetString(CanonicalJson.Write(decoded, type)).ShouldBe(Encoding.UTF8.GetString(empty));
    }

    [Theory]
    [InlineData("""{"additionalProperties":true}""", "F201" + "02" + "0801")]
    [InlineData("""{"additionalProperties":false}""", "F201" + "02" + "0800")]
    [InlineData("""{"additionalItems":{"type":"string"}}""", null)]
    [InlineData("""{"items":{"type":"object","properties":{"a":{"items":[{"type":"integer"},{"type":"string"}]}}}}""", null)]
    [InlineData("""{"dependencies":{"a":["b","c"],"d":{"required":["e"]}}}""", null)]
    [InlineData("""{"default":{"a":[1,2.5,null]},"enum":["a",1,true],"example":"x"}""", null)]
    public void The_alternatives_of_a_custom_resources_schema_come_back(string schema, string? bytes)
    {
        var type = SchemaCatalog.Default.Find("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition");
        var json = Encoding.UTF8.GetBytes($$"""{"spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":{{schema}} } }]} }""");
        var canonical = CanonicalJson.Write(ObjectDecoder.Decode(json, type, FieldValidation.Strict, []), type);
        var encoded = ProtobufEncoder.Encode(canonical, type);
        Encoding.UTF8.GetString(CanonicalJson.Write(ProtobufDecoder.Decode(encoded, type), type)).ShouldBe(Encoding.UTF8.GetString(canonical));
        if (bytes is not null) Convert.ToHexString(encoded).ShouldContain(bytes);
    }

    [Fact]
    public void A_list_encoded_entry_by_entry_is_the_list_encoded_as_a_whole()
    {
        var pod = ApiFixtures.Json("core.v1.Pod");
        var bytes = Encoding.UTF8.GetBytes(pod.ToJsonString(Compact));
        var list = new JsonObject
        {
            ["kind"] = "PodList",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject { ["resourceVersion"] = "7", ["remainingItemCount"] = 3 },
            ["items"] = new JsonArray(pod, pod.DeepClone()),
        };
        var whole = ProtobufEncoder.Encode(Encoding.UTF8.GetBytes(list.ToJsonString(Compact)), SchemaCatalog.Default.Find("io.k8s.api.core.v1.PodList"));
        var entries = ProtobufEncoder.EncodeList("v1", "PodList", """{"resourceVersion":"7","remainingItemCount":3}"""u8.ToArray(), [bytes, bytes], ApiFixtures.Type("core.v1.Pod"));
        Convert.ToHexString(entries).ShouldBe(Convert.ToHexString(whole));
    }

    [Fact]
    public void A_watch_event_carries_the_object_in_its_own_envelope()
    {
        var obj = ApiFixtures.Bytes("core.v1.ConfigMap", "pb");
        var frame = ProtobufEncoder.EncodeWatchEvent("ADDED", obj);
        frame.AsSpan(0, 7).ToArray().ShouldBe([0x0a, 5, .. "ADDED"u8]);
        frame.AsSpan(frame.Length - obj.Length).ToArray().ShouldBe(obj);
    }
}
