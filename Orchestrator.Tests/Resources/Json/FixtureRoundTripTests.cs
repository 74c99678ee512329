using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.Resources.Fixtures;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Json;

public class FixtureRoundTripTests
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IEnumerable<object[]> Fixtures => ApiFixtures.Names;

    [Theory, MemberData(nameof(Fixtures))]
    public void Decoding_and_canonical_writing_give_the_fixture_back_byte_for_byte(string name)
    {
        var warnings = new List<string>();
        var decoded = ObjectDecoder.Decode(ApiFixtures.Bytes(name, "json"), ApiFixtures.Type(name), FieldValidation.Strict, warnings);
        var expected = ApiFixtures.Json(name);
        if (expected["metadata"] is JsonObject metadata) metadata.Remove("resourceVersion");
        Encoding.UTF8.GetString(CanonicalJson.Write(decoded, ApiFixtures.Type(name))).ShouldBe(expected.ToJsonString(Compact));
        warnings.ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(Fixtures))]
    public void The_typed_class_reads_and_writes_the_fixture_byte_for_byte(string name)
    {
        var parts = ApiFixtures.SchemaName(name).Split('.');
        var group = parts[^3] == "v1" ? parts[^4] : parts[^3];
        var type = typeof(Pod).Assembly.GetType($"Orchestrator.Resources.Types.{char.ToUpperInvariant(group[0])}{group[1..]}.{parts[^2].ToUpperInvariant()}.{parts[^1]}", throwOnError: true)!;
        Encoding.UTF8.GetString((byte[])RoundTripMethod.MakeGenericMethod(type).Invoke(null, [ApiFixtures.Bytes(name, "json")])!)
            .ShouldBe(ApiFixtures.Json(name).ToJsonString(Compact));
    }

    private static readonly MethodInfo RoundTripMethod = typeof(FixtureRoundTripTests).GetMethod(nameof(RoundTrip), BindingFlags.Static | BindingFlags.NonPublic)!;

    private static byte[] RoundTrip<T>(byte[] json) where T : ApiType, new() => TypedJson.Write(TypedJson.Read<T>(json));
}
