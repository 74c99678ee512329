using System.Text.Json.Nodes;
using Orchestrator.Tests.Api.Admission;
using Orchestrator.Tests.Api.Http;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Conversion;

/// <summary>Custom kinds whose versions a webhook converts: v1 has a host and a port, v2 has both in one field.</summary>
[Collection("api")]
public sealed class ConversionTests(ApiFixture api) : IAsyncLifetime
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private readonly string _group = $"c{Guid.NewGuid():N}"[..10] + ".example.com";
    private WebhookServer _server = null!;
    private string _ns = "";

    public async Task InitializeAsync()
    {
        _server = await WebhookServer.StartAsync();
        _ns = await api.NamespaceAsync();
    }

    public async Task DisposeAsync()
    {
        // Without its webhook the kind could not be emptied.
        await api.SendAsync(HttpMethod.Delete, $"{Definitions}/links.{_group}");
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{Definitions}/links.{_group}")).Code == 404);
        await _server.DisposeAsync();
    }

    private string First => $"/apis/{_group}/v1/namespaces/{_ns}/links";

    private string Second => $"/apis/{_group}/v2/namespaces/{_ns}/links";

    [Fact]
    public async Task Objects_are_read_and_written_in_every_version()
    {
        await DefineAsync();
        var made = await api.SendAsync(HttpMethod.Post, Second, Link("v2", "a", """{"address":"here:80"}"""));
        (made.Code, (string?)made.Json["apiVersion"], made.Json["spec"]!.ToJsonString()).ShouldBe((201, $"{_group}/v2", """{"address":"here:80"}"""), made.Text);
        (await SpecAsync(First, "a")).ShouldBe("""{"host":"here","port":"80"}""");
        (await api.SendAsync(HttpMethod.Post, Second, Link("v2", "a", """{"address":"here:80"}"""))).Reason.ShouldBe("AlreadyExists");

        var current = (await api.GetAsync($"{Second}/a")).Json;
        current["spec"]!["address"] = "there:81";
        var updated = await api.SendAsync(HttpMethod.Put, $"{Second}/a", current.ToJsonString());
        (updated.Code, updated.Json["spec"]!.ToJsonString()).ShouldBe((200, """{"address":"there:81"}"""), updated.Text);
        ((int)updated.Json["metadata"]!["generation"]!).ShouldBe(2);
        (await api.SendAsync(HttpMethod.Put, $"{Second}/a", current.ToJsonString())).Reason.ShouldBe("Conflict");
        var patched = await api.SendAsync(HttpMethod.Patch, $"{Second}/a", """[{"op":"test","path":"/spec/address","value":"there:81"},{"op":"replace","path":"/spec/address","value":"there:82"}]""", "application/json-patch+json");
        patched.Json["spec"]!.ToJsonString().ShouldBe("""{"address":"there:82"}""");
        (await SpecAsync(First, "a")).ShouldBe("""{"host":"there","port":"82"}""");
        (await api.SendAsync(HttpMethod.Patch, $"{First}/a", """{"spec":{"port":"83"}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        (await SpecAsync(Second, "a")).ShouldBe("""{"address":"there:83"}""");
        var dry = await api.SendAsync(HttpMethod.Patch, $"{Second}/a?dryRun=All", """{"spec":{"address":"x:1"}}""", "application/merge-patch+json");
        dry.Json["spec"]!.ToJsonString().ShouldBe("""{"address":"x:1"}""");
        (await SpecAsync(Second, "a")).ShouldBe("""{"address":"there:83"}""");
        (await api.SendAsync(HttpMethod.Post, Second, Link("v2", "b", """{"address":7}"""))).Message.ShouldContain("spec.address in body must be of type string");
        var gone = await api.SendAsync(HttpMethod.Delete, $"{Second}/a");
        gone.Code.ShouldBe(200);
        (await api.GetAsync($"{First}/a")).Code.ShouldBe(404);
    }

    [Fact]
    public async Task Apply_works_in_a_version_that_is_not_stored()
    {
        await DefineAsync();
        Task<ApiAnswer> Apply(string manager, string spec, string more = "") =>
            api.SendAsync(HttpMethod.Patch, $"{Second}/a?fieldManager={manager}{more}", Link("v2", "a", spec), "application/apply-patch+yaml");
        var made = await Apply("one", """{"address":"here:80"}""");
        made.Code.ShouldBe(201, made.Text);
        var manager = made.Json["metadata"]!["managedFields"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)manager["manager"], (string?)manager["operation"], (string?)manager["apiVersion"], manager["fieldsV1"]!.ToJsonString())
            .ShouldBe(("one", "Apply", $"{_group}/v2", """{"f:spec":{"f:address":{}}}"""));
        (await Apply("two", """{"address":"there:80"}""")).Message.ShouldBe("Apply failed with 1 conflict: conflict with \"one\": .spec.address");
        var forced = await Apply("two", """{"address":"there:80"}""", "&force=true");
        forced.Json["metadata"]!["managedFields"]!.AsArray().ShouldHaveSingleItem()!["manager"]!.GetValue<string>().ShouldBe("two");
        var same = await Apply("two", """{"address":"there:80"}""");
        same.Version.ShouldBe(forced.Version);
        (await SpecAsync(First, "a")).ShouldBe("""{"host":"there","port":"80"}""");
    }

    [Fact]
    public async Task A_managers_fields_are_looked_for_in_the_version_that_it_speaks()
    {
        await DefineAsync();
        Task<ApiAnswer> Apply(string version, string manager, string spec, string more = "") =>
            api.SendAsync(HttpMethod.Patch, $"{(version == "v1" ? First : Second)}/a?fieldManager={manager}{more}", Link(version, "a", spec), "application/apply-patch+yaml");
        (await Apply("v2", "one", """{"address":"here:80"}""")).Code.ShouldBe(201);
        // In the stored version, in which the object's actor could take it, but for the entry of the other.
        var refused = await Apply("v1", "two", """{"host":"there"}""");
        (refused.Code, refused.Message).ShouldBe((409, "Apply failed with 1 conflict: conflict with \"one\": .spec.address"));
        var patched = await api.SendAsync(HttpMethod.Patch, $"{First}/a?fieldManager=three", """{"spec":{"port":"81"}}""", "application/merge-patch+json");
        Owners(patched).ShouldBe([$"three {_group}/v1 " + """{"f:spec":{"f:port":{}}}"""]);
        var forced = await Apply("v2", "one", """{"address":"there:82"}""", "&force=true");
        Owners(forced).ShouldBe([$"one {_group}/v2 " + """{"f:spec":{"f:address":{}}}"""]);
        var moved = await Apply("v1", "one", """{"host":"there","port":"83"}""");
        Owners(moved).ShouldBe([$"one {_group}/v1 " + """{"f:spec":{"f:host":{},"f:port":{}}}"""]);
        (await SpecAsync(Second, "a")).ShouldBe("""{"address":"there:83"}""");
    }

    [Fact]
    public async Task Managers_in_a_version_that_cannot_be_had_fail_an_apply_but_no_other_write()
    {
        var broken = false;
        await DefineAsync(response =>
        {
            if (broken) response["result"] = new JsonObject { ["status"] = "Failure", ["message"] = "cannot do that" };
        });
        (await api.SendAsync(HttpMethod.Patch, $"{Second}/a?fieldManager=one", Link("v2", "a", """{"address":"here:80"}"""), "application/apply-patch+yaml")).Code.ShouldBe(201);
        broken = true;
        // The metadata's bookkeeping is the same in every version: nobody has to be asked.
        (await api.SendAsync(HttpMethod.Patch, $"{First}/a", """{"metadata":{"finalizers":["example.com/wait"]}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        var free = await api.SendAsync(HttpMethod.Patch, $"{First}/a", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");
        Owners(free).ShouldBe([$"one {_group}/v2 " + """{"f:spec":{"f:address":{}}}"""]);
        var refused = await api.SendAsync(HttpMethod.Patch, $"{First}/a?fieldManager=two", Link("v1", "a", """{"host":"there"}"""), "application/apply-patch+yaml");
        (refused.Code, refused.Message).ShouldBe((500, $"conversion webhook for {_group}/v1, Kind=Link failed: cannot do that"));
        var patched = await api.SendAsync(HttpMethod.Patch, $"{First}/a", """{"spec":{"port":"81"}}""", "application/merge-patch+json");
        (patched.Code, patched.Json["metadata"]!["managedFields"]).ShouldBe((200, null));
    }

    [Fact]
    public async Task Lists_and_watches_are_converted_many_objects_at_a_time()
    {
        await DefineAsync();
        foreach (var name in "abcde") (await api.SendAsync(HttpMethod.Post, First, Link("v1", name.ToString(), $$"""{"host":"{{name}}","port":"1"}"""))).Code.ShouldBe(201);
        _server.Reviews.ShouldBeEmpty("nothing had to be converted");
        var list = await api.GetAsync(Second);
        (list.Json["apiVersion"]!.GetValue<string>(), list.Json["kind"]!.GetValue<string>()).ShouldBe(($"{_group}/v2", "LinkList"));
        list.Json["items"]!.AsArray().Select(i => (string?)i!["spec"]!["address"]).ShouldBe(["a:1", "b:1", "c:1", "d:1", "e:1"]);
        _server.Reviews.ShouldHaveSingleItem()["objects"]!.AsArray().Count.ShouldBe(5);
        var page = await api.GetAsync($"{Second}?limit=2");
        (page.Names.Count, (int)page.Json["metadata"]!["remainingItemCount"]!).ShouldBe((2, 3));
        var rest = await api.GetAsync($"{Second}?limit=4&continue={(string?)page.Json["metadata"]!["continue"]}");
        rest.Names.ShouldBe(["c", "d", "e"]);
        (await api.GetAsync($"{Second}?fieldSelector=spec.address%3Db:1")).Names.ShouldBe(["b"]);
        _server.Reviews.Count.ShouldBe(1, "what has been converted once is known");

        using var response = await api.Admin.GetAsync($"{Second}?watch=true&resourceVersion={list.Version}", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await api.SendAsync(HttpMethod.Patch, $"{First}/a", """{"spec":{"port":"2"}}""", "application/merge-patch+json");
        await api.SendAsync(HttpMethod.Delete, $"{First}/b");
        foreach (var (type, address) in ((string, string)[])[("MODIFIED", "a:2"), ("DELETED", "b:1")])
        {
            var seen = JsonNode.Parse((await reader.ReadLineAsync())!)!;
            ((string?)seen["type"], (string?)seen["object"]!["apiVersion"], (string?)seen["object"]!["spec"]!["address"]).ShouldBe((type, $"{_group}/v2", address));
        }
    }

    [Fact]
    public async Task The_stored_version_can_change()
    {
        await DefineAsync();
        foreach (var name in "ab") await api.SendAsync(HttpMethod.Post, First, Link("v1", name.ToString(), $$"""{"host":"{{name}}","port":"1"}"""));
        await PatchDefinitionAsync("""[{"op":"replace","path":"/spec/versions/0/storage","value":false},{"op":"replace","path":"/spec/versions/1/storage","value":true}]""");
        (await api.GetAsync($"{Definitions}/links.{_group}")).Json["status"]!["storedVersions"]!.ToJsonString().ShouldBe("""["v1","v2"]""");
        // Stored as before, and shown in both versions.
        (await SpecAsync(First, "a")).ShouldBe("""{"host":"a","port":"1"}""");
        _server.Reviews.ShouldBeEmpty();
        (await SpecAsync(Second, "a")).ShouldBe("""{"address":"a:1"}""");
        _server.Reviews.Count.ShouldBe(1);
        // Written again, it is stored in the other version.
        (await api.SendAsync(HttpMethod.Patch, $"{Second}/a", """{"metadata":{"labels":{"moved":"yes"}}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        var asked = _server.Reviews.Count;
        (await SpecAsync(Second, "a")).ShouldBe("""{"address":"a:1"}""");
        _server.Reviews.Count.ShouldBe(asked);
        (await SpecAsync(First, "a")).ShouldBe("""{"host":"a","port":"1"}""");
        var both = await api.GetAsync(First);
        both.Json["items"]!.AsArray().Select(i => ((string?)i!["apiVersion"], i["spec"]!.ToJsonString())).ShouldBe([($"{_group}/v1", """{"host":"a","port":"1"}"""), ($"{_group}/v1", """{"host":"b","port":"1"}""")]);
        // An old version goes only when the definition says that nothing is stored in it.
        (await api.SendAsync(HttpMethod.Patch, $"{Definitions}/links.{_group}", """[{"op":"remove","path":"/spec/versions/0"}]""", "application/json-patch+json")).Message
            .ShouldContain("status.storedVersions[0]: Invalid value: \"v1\": must appear in spec.versions");
    }

    [Fact]
    public async Task Finalizers_and_owners_need_no_conversion()
    {
        await DefineAsync();
        var owner = await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{_ns}/configmaps", ApiFixture.ConfigMap("owner"));
        var link = JsonNode.Parse(Link("v1", "a", """{"host":"a","port":"1"}"""))!;
        link["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["name"] = "owner", ["uid"] = (string?)owner.Json["metadata"]!["uid"] });
        (await api.SendAsync(HttpMethod.Post, First, link.ToJsonString())).Code.ShouldBe(201);
        await PatchDefinitionAsync("""[{"op":"replace","path":"/spec/versions/0/storage","value":false},{"op":"replace","path":"/spec/versions/1/storage","value":true}]""");
        (await api.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{_ns}/configmaps/owner?propagationPolicy=Orphan")).Code.ShouldBe(200);
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{First}/a")).Json["metadata"]!["ownerReferences"] is null);
        _server.Reviews.ShouldBeEmpty();
        (await SpecAsync(Second, "a")).ShouldBe("""{"address":"a:1"}""");
    }

    [Theory]
    [InlineData("uid", """failed: expected response.uid=""")]
    [InlineData("kind", "returned invalid object at index 0: invalid kind (expected Link, received Chain)")]
    [InlineData("version", "returned invalid object at index 0: invalid groupVersion (expected GROUP/v2, received GROUP/v9)")]
    [InlineData("name", "returned invalid object: must have the same name: a != b")]
    [InlineData("count", "returned 0 objects, expected 1")]
    [InlineData("failure", "failed: cannot do that")]
    [InlineData("silent", "failed: response.result.status was '', not 'Success'")]
    [InlineData("label", "returned invalid metadata: metadata.labels: Invalid value: \"not a label\"")]
    public async Task A_wrong_answer_is_an_error_in_upstreams_words(string wrong, string message)
    {
        await DefineAsync(response =>
        {
            var obj = response["convertedObjects"]?[0]?.AsObject();
            switch (wrong)
            {
                case "uid": response["uid"] = "other"; break;
                case "kind": obj!["kind"] = "Chain"; break;
                case "version": obj!["apiVersion"] = $"{_group}/v9"; break;
                case "name": obj!["metadata"]!["name"] = "b"; break;
                case "count": response["convertedObjects"] = new JsonArray(); break;
                case "failure": response["result"] = new JsonObject { ["status"] = "Failed", ["message"] = "cannot do that" }; break;
                case "silent": response["result"] = new JsonObject(); break;
                default: obj!["metadata"]!["labels"] = new JsonObject { ["not a label"] = "x" }; break;
            }
        });
        (await api.SendAsync(HttpMethod.Post, First, Link("v1", "a", """{"host":"a","port":"1"}"""))).Code.ShouldBe(201);
        foreach (var refused in new[] { await api.GetAsync($"{Second}/a"), await api.GetAsync(Second), await api.SendAsync(HttpMethod.Patch, $"{Second}/a", "{}", "application/merge-patch+json") })
        {
            refused.Code.ShouldBe(500, refused.Text);
            refused.Message.ShouldStartWith($"conversion webhook for {_group}/v1, Kind=Link {message.Replace("GROUP", _group, StringComparison.Ordinal)}");
        }
        // In the stored version all is well, and the object can go.
        (await api.GetAsync($"{First}/a")).Code.ShouldBe(200);
    }

    [Fact]
    public async Task Of_the_metadata_a_webhook_changes_labels_and_annotations_only()
    {
        await DefineAsync(response =>
        {
            foreach (var obj in response["convertedObjects"]!.AsArray())
            {
                obj!["metadata"]!["labels"] = new JsonObject { ["by"] = "webhook" };
                obj["metadata"]!["finalizers"] = new JsonArray("example.com/forever");
                obj["metadata"]!["creationTimestamp"] = "2001-01-01T00:00:00Z";
                obj["spec"]!["undeclared"] = true;
            }
        });
        await api.SendAsync(HttpMethod.Post, First, Link("v1", "a", """{"host":"a","port":"1"}"""));
        var shown = (await api.GetAsync($"{Second}/a")).Json;
        shown["metadata"]!["labels"]!.ToJsonString().ShouldBe("""{"by":"webhook"}""");
        shown["metadata"]!["finalizers"].ShouldBeNull();
        ((string?)shown["metadata"]!["creationTimestamp"])!.ShouldNotStartWith("2001");
        shown["spec"]!.ToJsonString().ShouldBe("""{"address":"a:1"}""");
        (await api.GetAsync($"{Second}?labelSelector=by%3Dwebhook")).Names.ShouldBe(["a"]);
        (await api.GetAsync($"{First}?labelSelector=by%3Dwebhook")).Names.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_webhook_that_is_not_there_is_an_error_that_says_so()
    {
        await DefineAsync(url: "https://127.0.0.1:1/none");
        (await api.SendAsync(HttpMethod.Post, First, Link("v1", "a", """{"host":"a","port":"1"}"""))).Code.ShouldBe(201);
        var refused = await api.GetAsync($"{Second}/a");
        refused.Code.ShouldBe(500);
        refused.Message.ShouldStartWith($"conversion webhook for {_group}/v1, Kind=Link failed: Post \"https://127.0.0.1:1/none?timeout=30s\": ");
    }

    /// <summary>Defines links, stored in v1, and waits until they are served.</summary>
    private async Task DefineAsync(Action<JsonObject>? spoil = null, string? url = null)
    {
        url ??= _server.Converts("/convert", (obj, desired) =>
        {
            // Server-side apply shows a webhook objects without the fields that an applier lets go, too: here that is all of them.
            if (obj["spec"] is not JsonObject spec) return;
            if (desired.EndsWith("/v2", StringComparison.Ordinal))
            {
                obj["spec"] = new JsonObject { ["address"] = $"{(string?)spec["host"]}:{(string?)spec["port"]}" };
            }
            else
            {
                var parts = ((string)spec["address"]!).Split(':');
                obj["spec"] = new JsonObject { ["host"] = parts[0], ["port"] = parts[1] };
            }
        }, spoil);
        string Version(string name, bool storage, string properties, string more = "") => $$$"""
            {"name":"{{{name}}}","served":true,"storage":{{{(storage ? "true" : "false")}}}{{{more}}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{{{properties}}} } } } } }
            """;
        var made = await api.SendAsync(HttpMethod.Post, Definitions, $$$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"links.{{{_group}}}"},
             "spec":{"group":"{{{_group}}}","scope":"Namespaced","names":{"plural":"links","kind":"Link"},
              "conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v3","v1"],"clientConfig":{"url":"{{{url}}}","caBundle":"{{{_server.CaBundle}}}"} } },
              "versions":[{{{Version("v1", true, """{"host":{"type":"string"},"port":{"type":"string"}}""")}}},
                {{{Version("v2", false, """{"address":{"type":"string"}}""", ",\"selectableFields\":[{\"jsonPath\":\".spec.address\"}]")}}}]} }
            """);
        made.Code.ShouldBe(201, made.Text);
        await Eventually.HoldsAsync(async () => (await api.GetAsync(First)).Code == 200);
    }

    private async Task PatchDefinitionAsync(string patch)
    {
        var patched = await api.SendAsync(HttpMethod.Patch, $"{Definitions}/links.{_group}", patch, "application/json-patch+json");
        patched.Code.ShouldBe(200, patched.Text);
    }

    private static IReadOnlyList<string> Owners(ApiAnswer answer) =>
        [.. answer.Json["metadata"]!["managedFields"]!.AsArray().Select(e => $"{e!["manager"]} {e["apiVersion"]} {e["fieldsV1"]!.ToJsonString()}")];

    private async Task<string> SpecAsync(string path, string name) => (await api.GetAsync($"{path}/{name}")).Json["spec"]!.ToJsonString();

    private string Link(string version, string name, string spec) => $$$"""{"apiVersion":"{{{_group}}}/{{{version}}}","kind":"Link","metadata":{"name":"{{{name}}}"},"spec":{{{spec}}} }""";
}
