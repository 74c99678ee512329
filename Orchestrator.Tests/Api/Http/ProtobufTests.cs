using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Schema;
using Shouldly;

namespace Orchestrator.Tests.Api.Http;

/// <summary>The API as client-go speaks to it when its content type is set to protobuf.</summary>
[Collection("api")]
public sealed class ProtobufTests(ApiFixture api)
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const string ClientAccept = "application/vnd.kubernetes.protobuf,application/json";

    private static readonly SchemaType Status = Meta("Status");

    [Fact]
    public async Task An_object_is_created_updated_read_and_deleted()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        var created = await SendAsync(HttpMethod.Post, path, Core("ConfigMap"), Encode("ConfigMap", ApiFixture.ConfigMap("a")));
        created.Code.ShouldBe(201);
        ((string?)created.Object["data"]!["key"]).ShouldBe("1");
        var update = Encode("ConfigMap", ApiFixture.ConfigMap("a", value: "2"));
        ((string?)(await SendAsync(HttpMethod.Put, $"{path}/a", Core("ConfigMap"), update)).Object["data"]!["key"]).ShouldBe("2");
        var read = (await SendAsync(HttpMethod.Get, $"{path}/a", Core("ConfigMap"))).Object;
        JsonNode.DeepEquals(read, (await api.GetAsync($"{path}/a")).Json).ShouldBeTrue("protobuf and JSON show the same object");
        var options = ProtobufEncoder.Encode("""{"preconditions":{"uid":"another"}}"""u8.ToArray(), Meta("DeleteOptions"));
        (await SendAsync(HttpMethod.Delete, $"{path}/a", Status, options)).Object["reason"]!.GetValue<string>().ShouldBe("Conflict");
        var deleted = await SendAsync(HttpMethod.Delete, $"{path}/a", Status, ProtobufEncoder.Encode("{}"u8.ToArray(), Meta("DeleteOptions")));
        ((string?)deleted.Object["status"], (string?)deleted.Object["details"]!["name"]).ShouldBe(("Success", "a"));
    }

    [Fact]
    public async Task A_list_and_its_metadata_alone_come_as_protobuf()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        foreach (var name in (string[])["a", "b"]) (await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap(name, labels: """{"own":"yes"}"""))).Code.ShouldBe(201);
        var list = (await SendAsync(HttpMethod.Get, $"{path}?labelSelector=own&limit=1", Core("ConfigMapList"))).Object;
        var items = list["items"]!.AsArray();
        items.Select(i => (string?)i!["metadata"]!["name"]).ShouldBe(["a"]);
        ((string?)items[0]!["data"]!["key"]).ShouldBe("1");
        ((string?)list["metadata"]!["resourceVersion"]).ShouldNotBeNullOrEmpty();
        ((string?)list["metadata"]!["continue"]).ShouldNotBeNullOrEmpty();
        var metadata = await SendAsync(HttpMethod.Get, $"{path}?labelSelector=own", Meta("PartialObjectMetadataList"), accept: $"{Protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");
        metadata.Object["items"]!.AsArray().Select(i => (string?)i!["metadata"]!["name"]).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task A_watch_sends_frames_behind_their_length()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        (await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("a", labels: """{"own":"yes"}"""))).Code.ShouldBe(201);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{path}?watch=true&labelSelector=own&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan") { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", $"{Protobuf};stream=watch,{ClientAccept}");
        using var response = await api.Admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.Content.Headers.ContentType!.ToString().ShouldBe($"{Protobuf}; stream=watch");
        await using var stream = await response.Content.ReadAsStreamAsync();
        (await NextAsync(stream)).ShouldBe("ADDED a");
        (await NextAsync(stream)).ShouldBe("BOOKMARK ");
        await api.SendAsync(HttpMethod.Put, $"{path}/a", ApiFixture.ConfigMap("a", value: "2", labels: """{"own":"yes"}"""));
        (await NextAsync(stream)).ShouldBe("MODIFIED a");
        await api.SendAsync(HttpMethod.Delete, $"{path}/a");
        (await NextAsync(stream)).ShouldBe("DELETED a");
    }

    [Fact]
    public async Task Refusals_come_as_protobuf()
    {
        var missing = await SendAsync(HttpMethod.Get, "/api/v1/namespaces/default/configmaps/none", Status);
        missing.Code.ShouldBe(404);
        ((string?)missing.Object["reason"], (int?)missing.Object["code"], (string?)missing.Object["details"]!["name"]).ShouldBe(("NotFound", 404, "none"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7B7D")]
    [InlineData("6B387300")]
    [InlineData("6B38730012FF")]
    [InlineData("6B387300120401020304")]
    public async Task A_malformed_body_is_a_400(string hex)
    {
        var refused = await SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/configmaps", Status, Convert.FromHexString(hex));
        refused.Code.ShouldBe(400);
        ((string?)refused.Object["reason"]).ShouldBe("BadRequest");
    }

    [Fact]
    public async Task Tables_and_what_a_client_prefers_less_stay_json()
    {
        (await api.GetAsync("/api/v1/namespaces", $"{Protobuf};as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io")).Json["kind"]!.GetValue<string>().ShouldBe("Table");
        (await api.GetAsync("/api/v1/namespaces", $"{Protobuf};q=0.5,application/json")).ContentType.ShouldBe("application/json");
    }

    [Fact]
    public async Task A_review_is_posted_and_answered()
    {
        var type = SchemaCatalog.Default.Find("io.k8s.api.authorization.v1.SelfSubjectAccessReview");
        var body = ProtobufEncoder.Encode("""{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}"""u8.ToArray(), type);
        var answer = await SendAsync(HttpMethod.Post, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", type, body);
        answer.Code.ShouldBe(201);
        ((bool?)answer.Object["status"]!["allowed"]).ShouldBe(true);
    }

    [Fact]
    public async Task A_review_has_no_table()
    {
        const string Path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Review = """{"spec":{"nonResourceAttributes":{"path":"/","verb":"get"}}}""", Table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        var refused = await api.SendAsync(HttpMethod.Post, Path, Review, accept: Table);
        (refused.Code, (string?)refused.Json["reason"]).ShouldBe((406, "NotAcceptable"));
        (await api.SendAsync(HttpMethod.Post, Path, Review, accept: $"{Table},application/json")).Code.ShouldBe(201);
    }

    private static SchemaType Core(string kind) => SchemaCatalog.Default.Find($"io.k8s.api.core.v1.{kind}");

    private static SchemaType Meta(string kind) => SchemaCatalog.Default.Find($"io.k8s.apimachinery.pkg.apis.meta.v1.{kind}");

    private static byte[] Encode(string kind, string json) => ProtobufEncoder.Encode(Encoding.UTF8.GetBytes(json), Core(kind));

    /// <summary>Type and name of the next event's object; the object stands last in the event, in its own envelope.</summary>
    private static async Task<string> NextAsync(Stream stream)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var length = new byte[sizeof(uint)];
        await stream.ReadExactlyAsync(length, deadline.Token);
        var message = new byte[BinaryPrimitives.ReadUInt32BigEndian(length)];
        await stream.ReadExactlyAsync(message, deadline.Token);
        var type = Encoding.ASCII.GetString(message, 2, message[1]);
        var obj = ProtobufDecoder.Decode(message.AsSpan(message.AsSpan().IndexOf("k8s\0"u8)), Core("ConfigMap"));
        return $"{type} {(string?)obj["metadata"]!["name"]}";
    }

    private async Task<(int Code, JsonObject Object)> SendAsync(HttpMethod method, string path, SchemaType answer, byte[]? body = null, string accept = ClientAccept)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(Protobuf);
        }
        using var response = await api.Admin.SendAsync(request);
        response.Content.Headers.ContentType?.ToString().ShouldBe(Protobuf);
        return ((int)response.StatusCode, ProtobufDecoder.Decode(await response.Content.ReadAsByteArrayAsync(), answer));
    }
}
