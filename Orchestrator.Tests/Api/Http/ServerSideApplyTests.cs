using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Http;

/// <summary>Server-side apply over HTTP: the patch type, its options, and managedFields on every kind of write.</summary>
[Collection("api")]
public class ServerSideApplyTests(ApiFixture api)
{
    private const string ApplyType = "application/apply-patch+yaml";

    private Task<ApiAnswer> Apply(string path, string yaml, string query = "?fieldManager=me") => api.SendAsync(HttpMethod.Patch, path + query, yaml, ApplyType);

    [Fact]
    public async Task An_apply_creates_changes_and_then_leaves_alone()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps/c";
        const string Yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: '1'\n";
        var made = await Apply(path, Yaml);
        made.Code.ShouldBe(201);
        Entry(made, "me")["operation"]!.GetValue<string>().ShouldBe("Apply");
        var again = await Apply(path, Yaml);
        again.Code.ShouldBe(200);
        again.Version.ShouldBe(made.Version);
        var changed = await Apply(path, Yaml.Replace("'1'", "'2'", StringComparison.Ordinal));
        changed.Version.ShouldNotBe(made.Version);
        ((string?)changed.Json["data"]!["a"]).ShouldBe("2");
        (await Apply(path, Yaml, "?fieldManager=me&dryRun=All")).Code.ShouldBe(200);
        (await api.GetAsync(path)).Version.ShouldBe(changed.Version);
    }

    [Fact]
    public async Task Conflicts_are_refused_unless_forced()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        var created = await api.SendAsync(HttpMethod.Post, $"{path}?fieldManager=creator", ApiFixture.ConfigMap("c"));
        Entry(created, "creator")["fieldsV1"]!.ToJsonString().ShouldBe("""{"f:data":{".":{},"f:key":{}}}""");
        const string Mine = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"key":"2"}}""";
        var refused = await Apply($"{path}/c", Mine);
        refused.Code.ShouldBe(409);
        refused.Reason.ShouldBe("Conflict");
        refused.Message.ShouldBe("Apply failed with 1 conflict: conflict with \"creator\" using v1: .data.key");
        var forced = await Apply($"{path}/c", Mine, "?fieldManager=me&force=true");
        forced.Code.ShouldBe(200);
        Entry(forced, "creator")["fieldsV1"]!.ToJsonString().ShouldBe("""{"f:data":{}}""");
    }

    [Fact]
    public async Task Scaling_is_owned_through_its_subresource()
    {
        var path = $"/apis/apps/v1/namespaces/{await api.NamespaceAsync()}/deployments";
        await api.SendAsync(HttpMethod.Post, $"{path}?fieldManager=creator", """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},
             "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        (await api.SendAsync(HttpMethod.Patch, $"{path}/d/scale?fieldManager=scaler", """{"spec":{"replicas":1}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        var scaled = await api.GetAsync($"{path}/d");
        ((string?)Entry(scaled, "scaler")["subresource"]).ShouldBe("scale");
        Entry(scaled, "scaler")["fieldsV1"]!.ToJsonString().ShouldBe("""{"f:spec":{"f:replicas":{}}}""");
        Entry(scaled, "creator")["fieldsV1"]!["f:spec"]!.AsObject().ContainsKey("f:replicas").ShouldBeFalse();
        var conflict = await Apply($"{path}/d", """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":2}}""");
        conflict.Message.ShouldBe("Apply failed with 1 conflict: conflict with \"scaler\" with subresource \"scale\" using apps/v1: .spec.replicas");
    }

    [Fact]
    public async Task An_apply_needs_a_manager_and_only_an_apply_may_be_forced()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps/c";
        var unnamed = await Apply(path, "apiVersion: v1\nkind: ConfigMap\n", "");
        unnamed.Code.ShouldBe(422);
        unnamed.Message.ShouldBe("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        (await api.SendAsync(HttpMethod.Patch, $"{path}?force=true", "{}", "application/merge-patch+json")).Code.ShouldBe(422);
        (await Apply(path, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n")).Code.ShouldBe(400);
        (await Apply(path, "a: [")).Code.ShouldBe(400);
        (await Apply(path, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  managedFields: []\n")).Message.ShouldBe("metadata.managedFields must be nil");
    }

    [Fact]
    public async Task Managers_can_be_forgotten()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("c"));
        var reset = await api.SendAsync(HttpMethod.Patch, $"{path}/c", """[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]""", "application/json-patch+json");
        reset.Json["metadata"]!.AsObject().ContainsKey("managedFields").ShouldBeFalse();
        // A client that knows nothing of managers does not lose them.
        await Apply($"{path}/c", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"mine":"1"}}""");
        var put = await api.SendAsync(HttpMethod.Put, $"{path}/c?fieldManager=putter", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"mine":"1","key":"3"}}""");
        Entry(put, "me")["fieldsV1"]!.ToJsonString().ShouldBe("""{"f:data":{"f:mine":{}}}""");
        Entry(put, "putter")["fieldsV1"]!.ToJsonString().ShouldBe("""{"f:data":{"f:key":{}}}""");
    }

    private static JsonObject Entry(ApiAnswer answer, string manager) =>
        answer.Json["metadata"]!["managedFields"]!.AsArray().Select(e => e!.AsObject()).Single(e => (string?)e["manager"] == manager);
}
