using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Tests.Api.Http;

/// <summary>One of the encodings that objects are sent and received in.</summary>
internal sealed record BodyEncoding(string Name, string MediaType, Func<JsonObject, SchemaType, byte[]> Write, Func<byte[], SchemaType, JsonObject> Read)
{
    public static BodyEncoding Json { get; } = new("json", "application/json", (o, _) => Bytes(o), (b, _) => JsonNode.Parse(b)!.AsObject());

    public static BodyEncoding Yaml { get; } = new("yaml", "application/yaml", (o, _) => YamlWriter.FromJson(Bytes(o)).ToArray(), (b, _) => YamlDecoder.DecodeUntyped(b));

    public static BodyEncoding Protobuf { get; } = new("protobuf", ProtobufDecoder.MediaType, (o, t) => ProtobufEncoder.Encode(Bytes(o), t), (b, t) => WithZeros(ProtobufDecoder.Decode(b, t), t));

    public static IReadOnlyList<BodyEncoding> All { get; } = [Json, Yaml, Protobuf];

    // A field that is zero is not sent; a client's struct has it all the same.
    private static JsonObject WithZeros(JsonObject decoded, SchemaType type)
    {
        var obj = CanonicalJson.Normalize(decoded, type);
        if (decoded["metadata"]?["resourceVersion"] is { } version) obj["metadata"]!["resourceVersion"] = version.DeepClone();
        return obj;
    }

    private static byte[] Bytes(JsonObject obj) => Encoding.UTF8.GetBytes(obj.ToJsonString());
}
