using System.Collections.Concurrent;
using System.Text;
using Orchestrator.Engine.Persistence;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Http;

/// <summary>Whatever a client sends, the answer is a Status that says what is wrong and where, and nothing is written.</summary>
[Collection("api")]
public sealed class BadInputTests(ApiFixture api)
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";
    private const string Target = "bad-input-target";

    /// <summary>Method, path, content type, body, code, and what the message or a cause's field must hold.</summary>
    public static TheoryData<string, string, string, string, int, string> Requests => new()
    {
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"", 400, "" },
        { "POST", ConfigMaps, "application/json", "not json at all", 400, "" },
        { "POST", ConfigMaps, "application/json", "", 400, "" },
        { "POST", ConfigMaps, "application/json", "null", 400, "" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"}} trailing", 400, "" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":\"bad-input-x\"}", 400, "metadata" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{\"name\":5}}", 400, "name" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"},\"data\":{\"k\":{}}}", 400, "data" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"},\"data\":[]}", 400, "data" },
        { "POST", ConfigMaps + "?fieldValidation=Strict", "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"},\"data\":{},\"dtaa\":{}}", 400, "dtaa" },
        { "POST", ConfigMaps + "?fieldValidation=Strict", "application/json", "{\"metadata\":{\"name\":\"bad-input-x\",\"lables\":{}}}", 400, "metadata.lables" },
        { "POST", ConfigMaps + "?fieldValidation=Strict", "application/json", "{\"metadata\":{\"name\":\"bad-input-x\",\"name\":\"bad-input-y\"}}", 400, "metadata.name" },
        { "POST", ConfigMaps, "application/json", "{\"kind\":\"Widget\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"bad-input-x\"}}", 400, "Widget" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{}}", 422, "metadata.name" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{\"name\":\"Bad_Input\"}}", 422, "metadata.name" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{\"name\":\"../bad-input\"}}", 422, "metadata.name" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{\"name\":\"bad-input-x\",\"labels\":{\"a/b/c\":\"d\"}}}", 422, "metadata.labels" },
        { "POST", ConfigMaps, "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"},\"data\":{\"no spaces\":\"\"}}", 422, "data[no spaces]" },
        { "POST", ConfigMaps, "application/yaml", "metadata: {name: [", 400, "" },
        { "POST", ConfigMaps, "application/xml", "<configMap/>", 415, "" },
        { "POST", Deployments, "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"},\"spec\":{\"replicas\":\"two\"}}", 400, "spec.replicas" },
        { "POST", Deployments, "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"},\"spec\":{\"replicas\":-1,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}", 422, "spec.replicas" },
        { "POST", Deployments, "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\"}]}}}}", 422, "spec.template.spec.containers[0].image" },
        { "POST", "/api/v1/namespaces/default/widgets", "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"}}", 404, "" },
        { "POST", "/apis/example.com/v1/namespaces/default/widgets", "application/json", "{\"metadata\":{\"name\":\"bad-input-x\"}}", 404, "" },
        { "PUT", $"{ConfigMaps}/{Target}", "application/json", "{\"metadata\":{\"name\":\"bad-input-target\",\"resourceVersion\":\"1\"}}", 409, "modified" },
        { "PUT", $"{ConfigMaps}/{Target}", "application/json", "{\"metadata\":{\"name\":\"bad-input-target\",\"resourceVersion\":\"one\"}}", 422, "metadata.resourceVersion" },
        { "PUT", $"{ConfigMaps}/{Target}", "application/json", "{\"metadata\":{\"name\":\"bad-input-target\",\"uid\":\"another\"}}", 409, "another" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/json-patch+json", "[{\"op\":\"replace\",\"path\":\"/data/absent\",\"value\":\"1\"}]", 422, "" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/json-patch+json", "[{\"op\":\"test\",\"path\":\"/data/key\",\"value\":\"other\"}]", 422, "" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/json-patch+json", "[{\"op\":\"frobnicate\",\"path\":\"/data\"}]", 422, "" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/json-patch+json", "{\"op\":\"remove\"}", 400, "" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/merge-patch+json", "{\"data\":", 400, "" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/merge-patch+json", "{\"data\":{\"key\":5}}", 422, "data" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/merge-patch+json", "{\"metadata\":{\"resourceVersion\":\"1\"}}", 409, "modified" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/merge-patch+json", "{\"metadata\":{\"name\":\"renamed\"}}", 400, "name" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/strategic-merge-patch+json", "[]", 400, "" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/strategic-merge-patch+json", "{\"data\":{\"$patch\":\"burn\"}}", 422, "unknown patch type: burn" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/apply-patch+yaml", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}", 422, "fieldManager" },
        { "PATCH", $"{ConfigMaps}/{Target}", "application/json", "{}", 415, "" },
        { "PATCH", $"{ConfigMaps}/absent", "application/merge-patch+json", "{}", 404, "absent" },
        { "DELETE", $"{ConfigMaps}/{Target}", "application/json", "{\"gracePeriodSeconds\":\"soon\"}", 400, "gracePeriodSeconds" },
        { "DELETE", $"{ConfigMaps}/{Target}", "application/json", "{\"preconditions\":{\"uid\":\"another\"}}", 409, "another" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public Task Bad_input_is_refused_by_name_and_changes_nothing(string method, string path, string type, string body, int code, string names) =>
        RefusesAsync(method, path, type, Encoding.UTF8.GetBytes(body), code, names);

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/yaml")]
    public Task Nesting_without_end_is_refused(string type) =>
        RefusesAsync("POST", ConfigMaps, type, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000)), 400, "");

    [Theory]
    [InlineData("application/merge-patch+json")]
    [InlineData("application/strategic-merge-patch+json")]
    [InlineData("application/json-patch+json")]
    public Task Nesting_without_end_is_refused_in_a_patch(string type) =>
        RefusesAsync("PATCH", $"{ConfigMaps}/{Target}", type, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("[", 10_000)) + new string(']', 10_000)), 400, "");

    [Theory]
    [InlineData("POST", ConfigMaps, "application/json")]
    [InlineData("PATCH", $"{ConfigMaps}/{Target}", "application/merge-patch+json")]
    public Task A_body_over_the_limit_is_refused(string method, string path, string type) =>
        RefusesAsync(method, path, type, Encoding.UTF8.GetBytes($$"""{"data":{"key":"{{new string('x', 3 * 1024 * 1024)}}"} }"""), 413, "3145728");

    [Fact]
    public Task Bytes_that_are_no_text_are_refused() => RefusesAsync("POST", ConfigMaps, "application/json", [0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D], 400, "");

    private async Task RefusesAsync(string method, string path, string type, byte[] body, int code, string names)
    {
        await api.SendAsync(HttpMethod.Post, ConfigMaps, ApiFixture.ConfigMap(Target)); // the first test makes it
        var target = await api.GetAsync($"{ConfigMaps}/{Target}");
        target.Code.ShouldBe(200);
        var written = new ConcurrentQueue<JournalRow>();
        using var subscription = await api.Journal.SubscribeAsync(api.Journal.Head, rows =>
        {
            foreach (var row in rows) written.Enqueue(row);
        });

        var answer = await api.SendBytesAsync(new HttpMethod(method), path, body, type);

        answer.Code.ShouldBe(code, answer.Text);
        ((string?)answer.Json["kind"], (string?)answer.Json["status"], (int?)answer.Json["code"]).ShouldBe(("Status", "Failure", code));
        var fields = (answer.Json["details"]?["causes"]?.AsArray() ?? []).Select(c => (string?)c!["field"]);
        $"{answer.Message} {string.Join(' ', fields)}".ShouldContain(names, Case.Sensitive);
        (await api.GetAsync($"{ConfigMaps}/{Target}")).Text.ShouldBe(target.Text);
        // Control loops write at moments of their own choosing: what counts is that nothing of this request's is there.
        written.Where(r => r.PersistenceId.Contains("bad-input", StringComparison.Ordinal) || r.PersistenceId.Contains("Bad_Input", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_patch_that_makes_a_wrong_object_is_invalid()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("c"));
        var merged = await api.SendAsync(HttpMethod.Patch, $"{path}/c", """{"data":"text"}""", "application/strategic-merge-patch+json");
        merged.Code.ShouldBe(422);
        merged.Message.ShouldBe(" \"\" is invalid: patch: Invalid value: \"map[data:text]\": json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string");
        merged.Json["details"]!["causes"]![0]!["field"]!.GetValue<string>().ShouldBe("patch");
        var strict = await api.SendAsync(HttpMethod.Patch, $"{path}/c?fieldValidation=Strict", """{"other":1}""", "application/merge-patch+json");
        strict.Code.ShouldBe(422);
        strict.Message.ShouldEndWith("strict decoding error: unknown field \"other\"");
    }
}
