using System.Net;
using System.Text.Json.Nodes;
using Orchestrator.Tests.Resources.OpenApi;
using Shouldly;

namespace Orchestrator.Tests.Api.Http;

[Collection("api")]
public sealed class OpenApiFormsTests(ApiFixture api)
{
    private const string Json = "application/json", Requested = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf", Protobuf = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";
    private const string Apps = "/openapi/v3/apis/apps/v1";

    [Fact]
    public async Task Every_group_is_served_in_both_forms()
    {
        var groups = (await api.GetAsync("/openapi/v3")).Json["paths"]!.AsObject().Select(p => p.Key).Where(p => !p.Contains(".example.", StringComparison.Ordinal)).ToList();
        groups.Count.ShouldBeGreaterThan(20);
        foreach (var path in groups.Select(p => $"/openapi/v3/{p}"))
        {
            using var json = await GetAsync(path, Json);
            using var protobuf = await GetAsync($"{path}?hash={json.Headers.ETag!.Tag.Trim('"')}", Requested);
            (protobuf.Headers.ETag, protobuf.Content.Headers.ContentType!.ToString()).ShouldBe((json.Headers.ETag, Protobuf), path);
            JsonNode.DeepEquals(GnosticReader.Version3.Read(await protobuf.Content.ReadAsByteArrayAsync()), JsonNode.Parse(await json.Content.ReadAsByteArrayAsync())).ShouldBeTrue(path);
        }
    }

    [Theory]
    [InlineData(Json, Json)]
    [InlineData(Requested, Protobuf)]
    public async Task A_document_is_tagged_and_kept_by_its_hash(string accept, string type)
    {
        using var plain = await GetAsync(Apps, accept);
        var tag = plain.Headers.ETag!.Tag;
        plain.Content.Headers.ContentType!.ToString().ShouldBe(type);
        plain.Headers.GetValues("Vary").ShouldBe(["Accept"]);
        plain.Headers.GetValues("Cache-Control").ShouldBe(["no-cache, private"]);
        plain.Content.Headers.Contains("Expires").ShouldBeFalse();
        tag.ShouldBe((await HeadersAsync(Apps, Json)).Tag, "one tag stands for both forms");

        using var kept = await GetAsync($"{Apps}?hash={tag.Trim('"')}", accept);
        (kept.Headers.ETag!.Tag, kept.Content.Headers.ContentType!.ToString()).ShouldBe((tag, type));
        kept.Headers.GetValues("Cache-Control").ShouldBe(["public, immutable"]);
        (kept.Content.Headers.Expires > kept.Headers.Date + TimeSpan.FromDays(364)).ShouldBeTrue();

        using var sent = await GetAsync($"{Apps}?hash=OLD", accept);
        sent.RequestMessage!.RequestUri!.PathAndQuery.ShouldBe($"{Apps}?hash={tag.Trim('"')}");
        sent.Content.Headers.ContentType!.ToString().ShouldBe(type);
    }

    [Theory]
    [InlineData("{0}", HttpStatusCode.NotModified)]
    [InlineData("W/{0}", HttpStatusCode.NotModified)]
    [InlineData("\"other\", {0}", HttpStatusCode.NotModified)]
    [InlineData("*", HttpStatusCode.NotModified)]
    [InlineData("\"other\"", HttpStatusCode.OK)]
    [InlineData("OTHER", HttpStatusCode.OK)]
    public async Task Who_has_a_document_does_not_get_it_again(string known, HttpStatusCode code)
    {
        foreach (var path in new[] { Apps, "/openapi/v2", "/openapi/v3" })
        {
            var (tag, _) = await HeadersAsync(path, "*/*");
            using var response = await GetAsync(path, "*/*", string.Format(System.Globalization.CultureInfo.InvariantCulture, known, tag));
            // Another test may have made a custom kind meanwhile, and with it another document.
            if (response.Headers.ETag!.Tag == tag) response.StatusCode.ShouldBe(code, path);
        }
    }

    [Theory]
    [InlineData(Apps, "text/html", 406)]
    [InlineData("/openapi/v2", Protobuf, 406)]
    [InlineData("/openapi/v3", "text/html", 200)]
    [InlineData("/openapi/v3/apis/nobody/v1", Json, 404)]
    public async Task What_is_not_served_is_refused_without_words(string path, string accept, int code)
    {
        using var response = await GetAsync(path, accept);
        ((int)response.StatusCode, (await response.Content.ReadAsByteArrayAsync()).Length > 0).ShouldBe((code, code == 200));
    }

    private async Task<(string Tag, string Type)> HeadersAsync(string path, string accept)
    {
        using var response = await GetAsync(path, accept);
        return (response.Headers.ETag!.Tag, response.Content.Headers.ContentType!.ToString());
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string accept, string? known = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (known is not null) request.Headers.TryAddWithoutValidation("If-None-Match", known);
        return await api.Admin.SendAsync(request);
    }
}
