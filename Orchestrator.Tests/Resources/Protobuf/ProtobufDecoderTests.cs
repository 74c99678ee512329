using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Schema;
using Orchestrator.Tests.Resources.Fixtures;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Protobuf;

public class ProtobufDecoderTests
{
    private static readonly SchemaType ConfigMap = ApiFixtures.Type("core.v1.ConfigMap");
    private static readonly SchemaType Service = ApiFixtures.Type("core.v1.Service");

    [Theory]
    [InlineData("", "empty data (<empty>)")]
    [InlineData("7B7D", "expected prefix [107 56 115 0] (7b7d)")]
    [InlineData("6B387300", "empty body")]
    [InlineData("6B3873001264", "unexpected EOF")]
    [InlineData("6B38730004", "proto: wiretype end group for non-group")]
    public void A_body_that_is_no_envelope_is_refused(string hex, string message) => Refused(Convert.FromHexString(hex), ConfigMap).ShouldContain(message);

    [Theory]
    [InlineData("0801", "proto: wrong wireType = 0 for field Metadata")]
    [InlineData("0A", "unexpected EOF")]
    [InlineData("0AFFFFFFFFFFFFFFFFFFFF01", "proto: integer overflow")]
    [InlineData("12030A01FF", "invalid UTF-8 in string")]
    [InlineData("02", "proto: illegal tag 0 (wire type 2)")]
    [InlineData("0B", "proto: wrong wireType = 3 for field Metadata")]
    [InlineData("A306", "unexpected EOF")]
    public void A_message_that_does_not_fit_the_kind_is_refused(string hex, string message) =>
        Refused(Envelope("v1", "ConfigMap", Convert.FromHexString(hex)), ConfigMap).ShouldStartWith("ConfigMap in version \"v1\" cannot be handled as a ConfigMap: " + message);

    [Fact]
    public void Another_kind_is_refused_as_in_json() =>
        Refused(Envelope("apps/v1", "Deployment", []), ConfigMap).ShouldBe("the API version in the data (apps/v1) does not match the expected API version (v1)");

    [Fact]
    public void Missing_kind_and_version_are_the_expected_ones()
    {
        var obj = ProtobufDecoder.Decode(Envelope("", "", []), ConfigMap);
        ((string?)obj["kind"], (string?)obj["apiVersion"]).ShouldBe(("ConfigMap", "v1"));
    }

    [Fact]
    public void Unknown_fields_and_groups_are_passed_over()
    {
        // Field 100: a varint, a group that holds a text, and 64 and 32 bits; then immutable (4) = true.
        var raw = Convert.FromHexString("A00601" + "A306" + "0A0141" + "A406" + "A1060102030405060708" + "A50601020304" + "2001");
        ((bool?)ProtobufDecoder.Decode(Envelope("v1", "ConfigMap", raw), ConfigMap)["immutable"]).ShouldBe(true);
    }

    [Fact]
    public void Zero_values_are_absent_and_a_pointer_to_zero_is_not()
    {
        // spec (2): clusterIP (3) "", publishNotReadyAddresses (13) false, internalTrafficPolicy (22) "", allocateLoadBalancerNodePorts (20) false.
        var obj = ProtobufDecoder.Decode(Envelope("v1", "Service", Convert.FromHexString("120A" + "1A00" + "6800" + "B20100" + "A00100")), Service);
        var spec = obj["spec"]!.AsObject();
        spec.ContainsKey("clusterIP").ShouldBeFalse();
        spec.ContainsKey("publishNotReadyAddresses").ShouldBeFalse();
        ((string?)spec["internalTrafficPolicy"]).ShouldBe("");
        ((bool?)spec["allocateLoadBalancerNodePorts"]).ShouldBe(false);
    }

    [Fact]
    public void A_message_that_stands_twice_is_merged()
    {
        // metadata.name, then metadata.namespace in a second message.
        var metadata = ProtobufDecoder.Decode(Envelope("v1", "ConfigMap", Convert.FromHexString("0A030A0161" + "0A031A0162")), ConfigMap)["metadata"]!;
        ((string?)metadata["name"], (string?)metadata["namespace"]).ShouldBe(("a", "b"));
    }

    [Fact]
    public void Every_cut_of_a_body_is_read_or_refused()
    {
        var body = ApiFixtures.Bytes("core.v1.ReplicationController", "pb");
        var refused = 0;
        for (var length = 0; length < body.Length; length += 1 + length / 50) if (!Reads(body.AsSpan(0, length), ApiFixtures.Type("core.v1.ReplicationController"))) refused++;
        refused.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Every_damaged_body_is_read_or_refused()
    {
        const int Seed = 20_26;
        var random = new Random(Seed);
        var refused = 0;
        foreach (var name in (string[])["core.v1.Service", "core.v1.Secret", "apps.v1.ControllerRevision", "policy.v1.PodDisruptionBudget", "coordination.k8s.io.v1.Lease", "admissionregistration.k8s.io.v1.ValidatingAdmissionPolicy"])
        {
            for (var round = 0; round < 300; round++)
            {
                var body = ApiFixtures.Bytes(name, "pb").ToArray();
                for (var hits = random.Next(1, 4); hits > 0; hits--) body[random.Next(4, body.Length)] = (byte)random.Next(256);
                if (!Reads(body, ApiFixtures.Type(name))) refused++;
            }
        }
        refused.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Nesting_without_end_is_refused()
    {
        // CustomResourceDefinition: spec (1) › versions (7) › schema (4) › openAPIV3Schema (1) › not (28) › not …
        byte[] message = [];
        for (var depth = 0; depth < 3000; depth++) message = Field(28, message);
        message = Field(7, Field(4, Field(1, message)));
        Refused(Envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition", Field(2, message)), SchemaCatalog.Default.Find("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition"))
            .ShouldContain("exceeded max depth");
    }

    private static bool Reads(ReadOnlySpan<byte> body, SchemaType type)
    {
        try
        {
            ProtobufDecoder.Decode(body, type);
            return true;
        }
        catch (StatusException refusal)
        {
            refusal.Status.Code.ShouldBe(400);
            return false;
        }
    }

    private static string Refused(byte[] body, SchemaType type)
    {
        var status = Should.Throw<StatusException>(() => ProtobufDecoder.Decode(body, type)).Status;
        status.Code.ShouldBe(400);
        return status.Message;
    }

    private static byte[] Envelope(string apiVersion, string kind, byte[] raw)
    {
        var meta = Field(1, [.. Field(1, System.Text.Encoding.UTF8.GetBytes(apiVersion)), .. Field(2, System.Text.Encoding.UTF8.GetBytes(kind))]);
        return [.. "k8s\0"u8, .. meta, .. Field(2, raw)];
    }

    private static byte[] Field(int number, byte[] content) => [.. Varint((ulong)(number << 3 | 2)), .. Varint((ulong)content.Length), .. content];

    private static List<byte> Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return bytes;
    }
}
