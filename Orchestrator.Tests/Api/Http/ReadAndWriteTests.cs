using Shouldly;

namespace Orchestrator.Tests.Api.Http;

[Collection("api")]
public sealed class ReadAndWriteTests(ApiFixture api)
{
    [Fact]
    public async Task An_object_is_created_read_updated_patched_and_deleted()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        var created = await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("c"));
        created.Code.ShouldBe(201, created.Text);
        created.Json["metadata"]!["uid"].ShouldNotBeNull();
        (await api.GetAsync($"{path}/c")).Text.ShouldBe(created.Text);

        var changed = created.Json;
        changed["data"]!["key"] = "2";
        var updated = await api.SendAsync(HttpMethod.Put, $"{path}/c", changed.ToJsonString());
        updated.Code.ShouldBe(200, updated.Text);
        ((string?)updated.Json["data"]!["key"]).ShouldBe("2");
        updated.Version.ShouldNotBe(created.Version);

        var merged = await api.SendAsync(HttpMethod.Patch, $"{path}/c", """{"data":{"more":"3"}}""", "application/merge-patch+json");
        merged.Code.ShouldBe(200, merged.Text);
        merged.Json["data"]!.AsObject().Count.ShouldBe(2);

        var deleted = await api.SendAsync(HttpMethod.Delete, $"{path}/c");
        deleted.Code.ShouldBe(200, deleted.Text);
        ((string?)deleted.Json["status"]).ShouldBe("Success");
        (await api.GetAsync($"{path}/c")).Code.ShouldBe(404);
    }

    [Fact]
    public async Task Refusals_are_worded_as_kubernetes_words_them()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        var created = await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("c"));

        var missing = await api.GetAsync($"{path}/nope");
        (missing.Code, missing.Reason, missing.Message).ShouldBe((404, "NotFound", "configmaps \"nope\" not found"));
        var taken = await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("c"));
        (taken.Code, taken.Reason, taken.Message).ShouldBe((409, "AlreadyExists", "configmaps \"c\" already exists"));
        var stale = created.Json;
        stale["metadata"]!["resourceVersion"] = "1";
        var conflict = await api.SendAsync(HttpMethod.Put, $"{path}/c", stale.ToJsonString());
        (conflict.Code, conflict.Reason).ShouldBe((409, "Conflict"));
        conflict.Message.ShouldBe("Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your changes to the latest version and try again");
        var renamed = await api.SendAsync(HttpMethod.Put, $"{path}/other", ApiFixture.ConfigMap("c"));
        (renamed.Code, renamed.Message).ShouldBe((400, "the name of the object (c) does not match the name on the URL (other)"));
        var moved = await api.SendAsync(HttpMethod.Post, path, """{"metadata":{"name":"x","namespace":"elsewhere"}}""");
        (moved.Code, moved.Message).ShouldBe((400, "the namespace of the provided object does not match the namespace sent on the request"));
        var invalid = await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("Not_A_Name"));
        (invalid.Code, invalid.Reason).ShouldBe((422, "Invalid"));
        ((string?)invalid.Json["details"]!["causes"]![0]!["field"]).ShouldBe("metadata.name");
        var noNamespace = await api.SendAsync(HttpMethod.Post, "/api/v1/namespaces/absent/configmaps", ApiFixture.ConfigMap("c"));
        (noNamespace.Code, noNamespace.Message).ShouldBe((404, "namespaces \"absent\" not found"));
    }

    [Theory]
    [InlineData("", "application/json", 400)]
    [InlineData("{\"metadata\":{\"name\":\"a\"", "application/json", 400)]
    [InlineData("[1,2]", "application/json", 400)]
    [InlineData("{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}", "application/json", 400)]
    [InlineData("{\"kind\":\"ConfigMap\",\"apiVersion\":\"v2\",\"metadata\":{\"name\":\"a\"}}", "application/json", 400)]
    [InlineData("{\"metadata\":{\"name\":\"a\"},\"data\":{\"key\":5}}", "application/json", 400)]
    [InlineData("{\"metadata\":{\"name\":\"a\"}}", "text/plain", 415)]
    public async Task Bad_bodies_are_refused_with_a_status_and_change_nothing(string body, string type, int code)
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        var answer = await api.SendAsync(HttpMethod.Post, path, body, type);
        answer.Code.ShouldBe(code, answer.Text);
        ((string?)answer.Json["kind"]).ShouldBe("Status");
        // The namespace's own config map comes at a moment of its control loop's choosing.
        (await api.GetAsync($"{path}?fieldSelector=metadata.name!%3Dkube-root-ca.crt")).Names.ShouldBeEmpty();
    }

    [Fact]
    public async Task Oversized_and_deeply_nested_bodies_are_refused()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        var large = await api.SendBytesAsync(HttpMethod.Post, path, new byte[4 * 1024 * 1024]);
        (large.Code, large.Reason, large.Message).ShouldBe((413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"));
        var nested = string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000);
        (await api.SendAsync(HttpMethod.Post, path, nested)).Code.ShouldBe(400);
        (await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("fine"))).Code.ShouldBe(201);
    }

    [Fact]
    public async Task Unknown_fields_are_warned_about_refused_or_ignored_as_asked()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        static string Body(string name) => $$"""{"metadata":{"name":"{{name}}"},"nonsense":1}""";
        var warned = await api.SendAsync(HttpMethod.Post, path, Body("a"));
        warned.Code.ShouldBe(201);
        warned.Warnings.ShouldBe(["299 - \"unknown field \\\"nonsense\\\"\""]);
        warned.Json.ContainsKey("nonsense").ShouldBeFalse();
        var strict = await api.SendAsync(HttpMethod.Post, $"{path}?fieldValidation=Strict", Body("b"));
        strict.Code.ShouldBe(400);
        strict.Message.ShouldContain("strict decoding error: unknown field \"nonsense\"");
        (await api.SendAsync(HttpMethod.Post, $"{path}?fieldValidation=Ignore", Body("c"))).Warnings.ShouldBeEmpty();
        (await api.SendAsync(HttpMethod.Post, $"{path}?fieldValidation=Maybe", Body("d"))).Code.ShouldBe(422);
    }

    [Fact]
    public async Task A_dry_run_answers_and_stores_nothing()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        (await api.SendAsync(HttpMethod.Post, $"{path}?dryRun=All", ApiFixture.ConfigMap("c"))).Code.ShouldBe(201);
        (await api.GetAsync($"{path}/c")).Code.ShouldBe(404);
        (await api.SendAsync(HttpMethod.Post, $"{path}?dryRun=Some", ApiFixture.ConfigMap("c"))).Code.ShouldBe(422);
    }

    [Fact]
    public async Task Generated_names_are_unique()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        var names = new HashSet<string>();
        for (var i = 0; i < 5; i++)
        {
            var answer = await api.SendAsync(HttpMethod.Post, path, """{"metadata":{"generateName":"gen-"}}""");
            answer.Code.ShouldBe(201, answer.Text);
            names.Add((string)answer.Json["metadata"]!["name"]!);
        }
        names.Count.ShouldBe(5);
        names.ShouldAllBe(n => n.StartsWith("gen-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Deletion_honours_preconditions()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("c"));
        var refused = await api.SendAsync(HttpMethod.Delete, $"{path}/c", """{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"other"}}""");
        (refused.Code, refused.Reason).ShouldBe((409, "Conflict"));
        (await api.SendAsync(HttpMethod.Delete, $"{path}/c?propagationPolicy=Sideways")).Code.ShouldBe(422);
        (await api.GetAsync($"{path}/c")).Code.ShouldBe(200);
    }

    [Fact]
    public async Task A_collection_is_deleted_by_selector()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        foreach (var name in (string[])["a1", "a2", "b1"]) await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap(name, labels: $$"""{"set":"{{name[0]}}"}"""));
        var deleted = await api.SendAsync(HttpMethod.Delete, $"{path}?labelSelector=set%3Da");
        deleted.Code.ShouldBe(200, deleted.Text);
        deleted.Names.ShouldBe(["a1", "a2"]);
        (await api.GetAsync($"{path}?labelSelector=set")).Names.ShouldBe(["b1"]);
    }

    [Fact]
    public async Task Scale_is_a_view_of_the_replica_count()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/apis/apps/v1/namespaces/{ns}/deployments";
        var created = await api.SendAsync(HttpMethod.Post, path, """
            {"metadata":{"name":"web"},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        created.Code.ShouldBe(201, created.Text);
        var scale = await api.GetAsync($"{path}/web/scale");
        ((string?)scale.Json["kind"], (int?)scale.Json["spec"]!["replicas"], (string?)scale.Json["status"]!["selector"]).ShouldBe(("Scale", 0, "app=web"));
        var patched = await api.SendAsync(HttpMethod.Patch, $"{path}/web/scale", """{"spec":{"replicas":2}}""", "application/merge-patch+json");
        patched.Code.ShouldBe(200, patched.Text);
        ((string?)patched.Json["kind"], (int?)patched.Json["spec"]!["replicas"]).ShouldBe(("Scale", 2));
        ((int?)(await api.GetAsync($"{path}/web")).Json["spec"]!["replicas"]).ShouldBe(2);
        var put = patched.Json;
        put["spec"]!["replicas"] = 1;
        (await api.SendAsync(HttpMethod.Put, $"{path}/web/scale", put.ToJsonString())).Code.ShouldBeOneOf(200, 409);
        put["spec"]!["replicas"] = -1;
        (await api.SendAsync(HttpMethod.Put, $"{path}/web/scale", put.ToJsonString())).Code.ShouldBe(422);
    }
}
