using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.Resources.Fixtures;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Json;

public class FixtureRoundTripTests
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IEnumerable<object[]> Fixtures => ApiFixtures.Names;

    public static IEnumerable<object[]> StableFixtures => ApiFixtures.StableNames;

    public static IEnumerable<object[]> OlderFixtures => ApiFixtures.OlderNames;

    [Theory, MemberData(nameof(Fixtures))]
    public void Decoding_and_canonical_writing_give_the_fixture_back_byte_for_byte(string name)
    {
        var warnings = new List<string>();
        var decoded = ObjectDecoder.Decode(ApiFixtures.Bytes(name, "json"), ApiFixtures.Type(name), FieldValidation.Strict, warnings);
        Canonical(decoded, name).ShouldBe(Expected(ApiFixtures.Bytes(name, "json")));
        warnings.ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(StableFixtures))]
    public void The_typed_class_reads_and_writes_the_fixture_byte_for_byte(string name)
    {
        var parts = ApiFixtures.SchemaName(name).Split('.');
        var group = parts[^3] == "v1" ? parts[^4] : parts[^3];
        var type = typeof(Pod).Assembly.GetType($"Orchestrator.Resources.Types.{char.ToUpperInvariant(group[0])}{group[1..]}.{parts[^2].ToUpperInvariant()}.{parts[^1]}", throwOnError: true)!;
        Encoding.UTF8.GetString((byte[])RoundTripMethod.MakeGenericMethod(type).Invoke(null, [ApiFixtures.Bytes(name, "json")])!)
            .ShouldBe(ApiFixtures.Json(name).ToJsonString(Compact));
    }

    [Theory, MemberData(nameof(Fixtures))]
    public void The_yaml_fixture_decodes_to_the_json_fixture(string name)
    {
        var warnings = new List<string>();
        var decoded = YamlDecoder.Decode(ApiFixtures.Bytes(name, "yaml"), ApiFixtures.Type(name), FieldValidation.Strict, warnings);
        Canonical(decoded, name).ShouldBe(Expected(ApiFixtures.Bytes(name, "json")));
        warnings.ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(Fixtures))]
    public void Json_encodes_to_the_yaml_fixture_byte_for_byte(string name) =>
        Encoding.UTF8.GetString(YamlWriter.FromJson(ApiFixtures.Bytes(name, "json")).Span).ShouldBe(Encoding.UTF8.GetString(ApiFixtures.Bytes(name, "yaml")));

    [Theory, MemberData(nameof(OlderFixtures))]
    public void What_older_versions_wrote_is_read_in_every_encoding_without_the_fields_that_have_gone(string name)
    {
        var type = ApiFixtures.Type(name);
        var expected = Expected(ApiFixtures.RoundTripped(name, "json"));
        Canonical(ObjectDecoder.Decode(ApiFixtures.Bytes(name, "json"), type, FieldValidation.Ignore, []), name).ShouldBe(expected);
        Canonical(YamlDecoder.Decode(ApiFixtures.Bytes(name, "yaml"), type, FieldValidation.Ignore, []), name).ShouldBe(expected);
        Canonical(ProtobufDecoder.Decode(ApiFixtures.Bytes(name, "pb"), type), name).ShouldBe(expected);
        var json = JsonNode.Parse(ApiFixtures.RoundTripped(name, "json"))!.ToJsonString(Compact);
        Convert.ToHexString(ProtobufEncoder.Encode(Encoding.UTF8.GetBytes(json), type)).ShouldBe(Convert.ToHexString(ApiFixtures.RoundTripped(name, "pb")));
        Encoding.UTF8.GetString(YamlWriter.FromJson(Encoding.UTF8.GetBytes(json)).Span).ShouldBe(Encoding.UTF8.GetString(ApiFixtures.RoundTripped(name, "yaml")));
    }

    private static string Canonical(JsonObject decoded, string name) => Encoding.UTF8.GetString(CanonicalJson.Write(decoded, ApiFixtures.Type(name)));

    /// <summary>A fixture in its canonical form, which has no resourceVersion.</summary>
    private static string Expected(byte[] fixture)
    {
        var json = JsonNode.Parse(fixture)!;
        (json["metadata"] as JsonObject)?.Remove("resourceVersion");
        return json.ToJsonString(Compact);
    }

    private static readonly MethodInfo RoundTripMethod = typeof(FixtureRoundTripTests).GetMethod(nameof(RoundTrip), BindingFlags.Static | BindingFlags.NonPublic)!;

    private static byte[] RoundTrip<T>(byte[] json) where T : ApiType, new() => TypedJson.Write(TypedJson.Read<T>(json));
}
