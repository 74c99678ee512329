using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Shouldly;

namespace Orchestrator.Tests.Api.Http;

/// <summary>A field-rich object of every built-in kind goes through the API in each encoding: nothing is lost, and nothing appears but documented defaults.</summary>
[Collection("api")]
public sealed class EveryKindTests(ApiFixture api)
{
    public static TheoryData<string> Samples => new(KindSample.All.Keys);

    [Fact]
    public void Every_served_kind_has_a_sample() =>
        KindCatalog.Default.All.Where(k => !k.IsCustom).Select(k => $"{k.ApiVersion} {k.Kind}").Except(KindSample.All.Keys, StringComparer.Ordinal).ShouldBeEmpty();

    [Theory, MemberData(nameof(Samples))]
    public async Task It_is_stored_as_it_was_sent_and_read_the_same_in_every_encoding(string title)
    {
        var sample = KindSample.All[title];
        var type = SchemaCatalog.Default.Find(sample.Kind.SchemaName);
        foreach (var encoding in BodyEncoding.All)
        {
            var ns = sample.Kind.Namespaced ? await api.NamespaceAsync() : "";
            if (sample.Manifest["spec"]?["serviceAccountName"] is { } account)
                (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/serviceaccounts", $$"""{"metadata":{"name":"{{account}}"} }""")).Code.ShouldBe(201);
            var created = await SendAsync(HttpMethod.Post, $"{sample.Path(ns)}?fieldValidation=Strict&fieldManager=author", type, encoding, encoding.Write(sample.In(ns), type));
            created.Code.ShouldBe(201, $"{encoding.Name}: {created.Object}");
            Shows(sample, created.Object, ns);
            var path = $"{sample.Path(ns)}/{Uri.EscapeDataString(sample.Name)}";
            await ReadsTheSameAsync(sample, path, ns, type);
            foreach (var back in BodyEncoding.All) await UpdatingWithWhatWasReadChangesNothingAsync(path, type, back);
            await ApplyingAgainChangesNothingAsync(sample, path, ns);
            await RemoveAsync(sample, path);
        }
    }

    private async Task ReadsTheSameAsync(KindSample sample, string path, string ns, SchemaType type)
    {
        // Control loops write too: what was read in three encodings is compared where it was one version.
        await Eventually.HoldsAsync(async () =>
        {
            var read = new List<JsonObject>();
            foreach (var encoding in BodyEncoding.All) read.Add((await SendAsync(HttpMethod.Get, path, type, encoding)).Object);
            if (read.Select(Version).Distinct(StringComparer.Ordinal).Count() > 1) return false;
            Shows(sample, read[0], ns);
            foreach (var other in read.Skip(1)) Differences(read[0], other, "").Where(d => !IsEmbeddedKind(d)).ShouldBeEmpty();
            return true;
        }, $"reading one version of {path} in three encodings");
    }

    private Task UpdatingWithWhatWasReadChangesNothingAsync(string path, SchemaType type, BodyEncoding encoding) => Eventually.HoldsAsync(async () =>
    {
        var read = (await SendAsync(HttpMethod.Get, path, type, encoding)).Object;
        var written = await SendAsync(HttpMethod.Put, $"{path}?fieldManager=author", type, encoding, encoding.Write(read, type));
        if (written.Code == 409) return false; // a control loop was faster
        written.Code.ShouldBe(200, written.Object.ToJsonString());
        Differences(read, written.Object, "").Where(d => !IsEmbeddedKind(d)).ShouldBeEmpty($"{path} in {encoding.Name}: {read.ToJsonString()} and {written.Object.ToJsonString()}");
        return true;
    }, $"a write of what was read from {path} in {encoding.Name}");

    private async Task ApplyingAgainChangesNothingAsync(KindSample sample, string path, string ns)
    {
        var manifest = sample.In(ns).ToJsonString();
        Task<ApiAnswer> ApplyAsync() => api.SendAsync(HttpMethod.Patch, $"{path}?fieldManager=applier&force=true&fieldValidation=Strict", manifest, "application/apply-patch+yaml");
        var first = await ApplyAsync();
        first.Code.ShouldBe(200, first.Text);
        Shows(sample, first.Json, ns);
        // Once the manager owns its fields there is nothing left to change.
        await Eventually.HoldsAsync(async () => (await ApplyAsync()).Version == (await ApplyAsync()).Version, $"an apply to {path} without effect");
    }

    private async Task RemoveAsync(KindSample sample, string path)
    {
        if (sample.Kind.Namespaced) return; // each has a namespace of its own
        (await api.SendAsync(HttpMethod.Delete, path)).Code.ShouldBe(200);
        await Eventually.HoldsAsync(async () =>
        {
            var left = await api.GetAsync(path);
            if (left.Code == 404) return true;
            if (left.Json["metadata"]!["finalizers"] is not null) await api.SendAsync(HttpMethod.Patch, path, """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");
            return false;
        }, $"the end of {path}");
    }

    /// <summary>The kinds that are only asked, never stored: the question comes back as it was sent, in each encoding.</summary>
    [Theory]
    [InlineData("/apis/authentication.k8s.io/v1/tokenreviews", "authentication.v1.TokenReview", """{"token":"x","audiences":["a","b"]}""")]
    [InlineData("/apis/authorization.k8s.io/v1/subjectaccessreviews", "authorization.v1.SubjectAccessReview", """{"resourceAttributes":{"namespace":"n","verb":"get","group":"apps","version":"v1","resource":"deployments","subresource":"scale","name":"x"},"user":"u","groups":["g"],"extra":{"k":["v","w"]},"uid":"i"}""")]
    [InlineData("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "authorization.v1.SelfSubjectAccessReview", """{"nonResourceAttributes":{"path":"/healthz","verb":"get"}}""")]
    [InlineData("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "authorization.v1.SelfSubjectRulesReview", """{"namespace":"default"}""")]
    [InlineData("/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews", "authorization.v1.LocalSubjectAccessReview", """{"resourceAttributes":{"namespace":"default","verb":"list","resource":"pods"},"user":"u"}""")]
    public async Task A_review_comes_back_with_its_question(string path, string name, string spec)
    {
        var type = SchemaCatalog.Default.Find($"io.k8s.api.{name}");
        var sent = new JsonObject { ["kind"] = type.ShortName, ["apiVersion"] = type.ApiVersion, ["spec"] = JsonNode.Parse(spec) };
        foreach (var encoding in BodyEncoding.All)
        {
            var answer = await SendAsync(HttpMethod.Post, path, type, encoding, encoding.Write(sent, type));
            answer.Code.ShouldBe(201, answer.Object.ToJsonString());
            Differences(sent["spec"], answer.Object["spec"], "").ShouldBeEmpty(encoding.Name);
            answer.Object["status"].ShouldNotBeNull();
        }
    }

    private static void Shows(KindSample sample, JsonObject read, string ns)
    {
        var (expected, actual) = sample.Compare(read, ns);
        Differences(expected, actual, "").Where(d => !IsEmbeddedKind(d)).ShouldBeEmpty();
    }

    /// <summary>Where two documents differ, one line per place.</summary>
    private static IEnumerable<string> Differences(JsonNode? expected, JsonNode? actual, string path)
    {
        if (expected is JsonObject a && actual is JsonObject b)
            return a.Select(p => p.Key).Union(b.Select(p => p.Key), StringComparer.Ordinal).SelectMany(k => a.ContainsKey(k) && b.ContainsKey(k) ? Differences(a[k], b[k], $"{path}.{k}")
                : [a.ContainsKey(k) ? $"lost {path}.{k}: {a[k]?.ToJsonString()}" : $"added {path}.{k}: {b[k]?.ToJsonString()}"]);
        if (expected is JsonArray x && actual is JsonArray y && x.Count == y.Count) return x.Zip(y).SelectMany((p, i) => Differences(p.First, p.Second, $"{path}[{i}]"));
        // Protobuf does not tell an empty list from none.
        return JsonNode.DeepEquals(expected, actual) || (expected ?? actual) is JsonArray { Count: 0 } && (expected is null || actual is null) ? [] : [$"changed {path}: {expected?.ToJsonString()} is {actual?.ToJsonString()}"];
    }

    // Protobuf says the kind of the whole only.
    private static bool IsEmbeddedKind(string difference) => difference is "lost .spec.volumeClaimTemplates[0].kind: \"PersistentVolumeClaim\"" or "lost .spec.volumeClaimTemplates[0].apiVersion: \"v1\"";

    private static string Version(JsonObject obj) => (string?)obj["metadata"]?["resourceVersion"] ?? "";

    private async Task<(int Code, JsonObject Object)> SendAsync(HttpMethod method, string path, SchemaType type, BodyEncoding encoding, byte[]? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", encoding.MediaType);
        if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(encoding.MediaType) } };
        using var response = await api.Admin.SendAsync(request);
        response.Content.Headers.ContentType!.MediaType.ShouldBe(encoding.MediaType);
        var shown = response.IsSuccessStatusCode ? type : SchemaCatalog.Default.Find("io.k8s.apimachinery.pkg.apis.meta.v1.Status");
        return ((int)response.StatusCode, encoding.Read(await response.Content.ReadAsByteArrayAsync(), shown));
    }
}
