using System.Text.Json;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Tests.Resources.Fixtures;
using Shouldly;

namespace Orchestrator.Tests.Resources.Protobuf;

public sealed class ProtobufDecoderTests
{
    // NamedRuleWithOperations embeds a struct that embeds another one.
    private static readonly string[] JsonOnly = ["admissionregistration.k8s.io.v1.ValidatingAdmissionPolicy", "admissionregistration.k8s.io.v1.ValidatingAdmissionPolicyBinding"];

    public static IEnumerable<object[]> Decodable => ApiFixtures.Names.Where(n => !JsonOnly.Contains((string)n[0]));

    public static IEnumerable<object[]> Undecodable => JsonOnly.Select(n => new object[] { n });

    [Theory]
    [MemberData(nameof(Undecodable))]
    public void A_type_whose_numbers_are_ambiguous_is_refused_rather_than_misread(string name) =>
        Should.Throw<StatusException>(() => ProtobufDecoder.Decode(ApiFixtures.Bytes(name, "pb"), ApiFixtures.Type(name), FieldValidation.Ignore, [])).Status.Code.ShouldBe(415);

    [Theory]
    [MemberData(nameof(Decodable))]
    public void Every_kind_decodes_to_what_its_json_decodes_to(string name)
    {
        var type = ApiFixtures.Type(name);
        var warnings = new List<string>();
        var expected = CanonicalJson.Write(ObjectDecoder.Decode(JsonSerializer.SerializeToUtf8Bytes(ApiFixtures.Json(name)), type, FieldValidation.Ignore, warnings), type);
        var actual = CanonicalJson.Write(ProtobufDecoder.Decode(ApiFixtures.Bytes(name, "pb"), type, FieldValidation.Strict, warnings), type);
        System.Text.Encoding.UTF8.GetString(actual).ShouldBe(System.Text.Encoding.UTF8.GetString(expected));
    }

    [Fact]
    public void Cut_or_random_bytes_are_a_400_and_nothing_else()
    {
        var type = ApiFixtures.Type("core.v1.Pod");
        var whole = ApiFixtures.Bytes("core.v1.Pod", "pb");
        var random = new Random(20260);
        for (var length = 0; length < whole.Length; length += 7) Decode(whole.AsSpan(0, length));
        for (var round = 0; round < 500; round++)
        {
            var damaged = (byte[])whole.Clone();
            for (var i = 0; i < 3; i++) damaged[random.Next(4, damaged.Length)] = (byte)random.Next(256);
            Decode(damaged);
        }

        void Decode(ReadOnlySpan<byte> bytes)
        {
            try
            {
                ProtobufDecoder.Decode(bytes, type, FieldValidation.Ignore, []);
            }
            catch (StatusException e)
            {
                e.Status.Code.ShouldBe(400);
            }
        }
    }
}
