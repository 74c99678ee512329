using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Apply;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Apply;

/// <summary>Ownership as a v1.32 API server notes it; the expected sets are what one shows for these manifests.</summary>
public class FieldManagerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private const string Deployment = """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default","labels":{"app":"web"}},
         "spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},
          "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"nginx","ports":[{"containerPort":80}]}]}}}}
        """;

    [Fact]
    public void A_created_deployment_is_owned_field_by_field()
    {
        var deployment = Create("deployments.apps", Deployment, "kubectl-create");
        Fields(deployment, "kubectl-create").ShouldBe("""
            {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:progressDeadlineSeconds":{},"f:replicas":{},"f:revisionHistoryLimit":{},"f:selector":{},"f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{},"f:maxUnavailable":{}},"f:type":{}},"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}}
            """.Trim());
        Entry(deployment, "kubectl-create").ToJsonString().ShouldStartWith("""{"manager":"kubectl-create","operation":"Update","apiVersion":"apps/v1","time":"2026-01-02T03:04:05Z","fieldsType":"FieldsV1",""");
    }

    [Fact]
    public void An_applied_configuration_owns_what_it_says_and_no_defaults()
    {
        var applied = Apply("deployments.apps", [], Deployment, "me");
        Fields(applied, "me").ShouldBe("""
            {"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}}}}}}}
            """.Trim());
    }

    [Fact]
    public void Another_value_for_somebody_elses_field_is_a_conflict()
    {
        var live = Create("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1","b":"1"}}""", "first");
        var one = Should.Throw<StatusException>(() => Apply("configmaps", live, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"2"}}""", "second")).Status;
        one.Code.ShouldBe(409);
        one.Message.ShouldBe("Apply failed with 1 conflict: conflict with \"first\" using v1: .data.a");
        one.Causes.ShouldBe([new StatusCause("FieldManagerConflict", "conflict with \"first\" using v1", ".data.a")]);
        Should.Throw<StatusException>(() => Apply("configmaps", live, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"2","b":"2"}}""", "second")).Status.Message
            .ShouldBe("Apply failed with 2 conflicts: conflicts with \"first\" using v1:\n- .data.a\n- .data.b");
    }

    [Fact]
    public void Force_takes_the_field_over_and_the_same_value_shares_it()
    {
        var live = Create("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1","b":"1"}}""", "first");
        var shared = Apply("configmaps", live, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1"}}""", "second");
        Fields(shared, "first").ShouldBe("""{"f:data":{".":{},"f:a":{},"f:b":{}}}""");
        Fields(shared, "second").ShouldBe("""{"f:data":{"f:a":{}}}""");
        var taken = Apply("configmaps", shared, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"2"}}""", "second", force: true);
        Fields(taken, "first").ShouldBe("""{"f:data":{".":{},"f:b":{}}}""");
        ((string?)taken["data"]!["a"]).ShouldBe("2");
    }

    [Fact]
    public void A_field_that_its_only_applier_no_longer_lists_goes()
    {
        var live = Apply("deployments.apps", [], Deployment, "me");
        var without = Apply("deployments.apps", live, Deployment.Replace("\"replicas\":3,", "", StringComparison.Ordinal).Replace(""","ports":[{"containerPort":80}]""", "", StringComparison.Ordinal), "me");
        without["spec"]!.AsObject().ContainsKey("replicas").ShouldBeFalse();
        without["spec"]!["template"]!["spec"]!["containers"]![0]!.AsObject().ContainsKey("ports").ShouldBeFalse();
        ((string?)without["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]).ShouldBe("nginx");
    }

    [Fact]
    public void A_field_that_another_applier_lists_too_stays()
    {
        const string Both = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1"}}""";
        const string None = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}""";
        var live = Apply("configmaps", Apply("configmaps", [], Both, "one"), Both, "two");
        live = Apply("configmaps", live, None, "one");
        ((string?)live["data"]!["a"]).ShouldBe("1");
        live = Apply("configmaps", live, None, "two");
        live.ContainsKey("data").ShouldBeFalse();
    }

    [Fact]
    public void What_was_there_before_the_first_apply_belongs_to_a_manager_of_its_own()
    {
        var live = Object("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1"}}""");
        Should.Throw<StatusException>(() => Apply("configmaps", live, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"2"}}""", "me"))
            .Status.Message.ShouldBe("Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a");
    }

    [Fact]
    public void Kubectl_moves_from_client_side_to_server_side_apply_without_conflict()
    {
        const string Last = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"annotations":{},"name":"c"},"data":{"a":"1"}}""";
        var annotated = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["data"] = new JsonObject { ["a"] = "1" },
            ["metadata"] = new JsonObject { ["name"] = "c", ["annotations"] = new JsonObject { ["kubectl.kubernetes.io/last-applied-configuration"] = Last } },
        };
        var live = Create("configmaps", annotated.ToJsonString(), "kubectl-client-side-apply");
        const string Changed = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"2"}}""";
        Should.Throw<StatusException>(() => Apply("configmaps", live, Changed, "somebody"));
        var moved = Apply("configmaps", live, Changed, "kubectl");
        ((string?)moved["data"]!["a"]).ShouldBe("2");
        ((string?)moved["metadata"]!["annotations"]!["kubectl.kubernetes.io/last-applied-configuration"]).ShouldBe(Changed + "\n");
    }

    [Fact]
    public void Updates_by_many_managers_keep_ten_and_merge_the_oldest()
    {
        var live = Create("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"k0":"v"}}""", "m0");
        for (var i = 1; i <= 14; i++)
        {
            var next = live.DeepClone().AsObject();
            next["data"]![$"k{i}"] = "v";
            live = Track("configmaps", live, next, $"m{i}", Now.AddSeconds(i));
        }
        var entries = ManagedFields.Read(live);
        entries.Count.ShouldBe(10);
        entries[0].Manager.ShouldBe("ancient-changes");
        Fields(live, "ancient-changes").ShouldBe("""{"f:data":{".":{},"f:k0":{},"f:k1":{},"f:k2":{},"f:k3":{},"f:k4":{},"f:k5":{}}}""");
    }

    [Fact]
    public void A_change_through_status_owns_only_status()
    {
        var live = Create("deployments.apps", Deployment, "me");
        var next = live.DeepClone().AsObject();
        next["status"] = new JsonObject { ["replicas"] = 1 };
        var tracked = Track("deployments.apps", live, next, "loop", Now, "status");
        var entry = Entry(tracked, "loop");
        ((string?)entry["subresource"]).ShouldBe("status");
        entry["fieldsV1"]!.ToJsonString().ShouldBe("""{"f:status":{"f:replicas":{}}}""");
    }

    [Fact]
    public void Applying_the_same_again_changes_nothing()
    {
        var live = Apply("deployments.apps", [], Deployment, "me");
        JsonNode.DeepEquals(JsonNode.Parse(live.ToJsonString()), JsonNode.Parse(Apply("deployments.apps", live, Deployment, "me", now: Now.AddHours(1)).ToJsonString())).ShouldBeTrue();
    }

    [Fact]
    public void A_removed_list_item_is_forgotten_by_its_owner()
    {
        var live = Create("deployments.apps", Deployment, "me");
        var next = live.DeepClone().AsObject();
        next["spec"]!["template"]!["spec"]!["containers"]![0]!.AsObject().Remove("ports");
        var tracked = Track("deployments.apps", live, next, "other", Now);
        Fields(tracked, "me").ShouldNotContain("f:ports");
        ManagedFields.Read(tracked).Count.ShouldBe(1);
    }

    private static JsonObject Create(string resource, string json, string manager)
    {
        var kind = KindCatalog.Default.Get(resource);
        var obj = Object(resource, json);
        kind.Strategy.Default(obj);
        return Track(resource, null, obj, manager, Now);
    }

    private static JsonObject Track(string resource, JsonObject? live, JsonObject obj, string manager, DateTimeOffset now, string subresource = "")
    {
        var kind = KindCatalog.Default.Get(resource);
        var type = SchemaCatalog.Default.Find(kind.SchemaName);
        FieldManager.Track(kind, type, live, obj, manager, subresource, now, new KindVersions(KindCatalog.Default));
        return CanonicalJson.Normalize(obj, type);
    }

    private static JsonObject Apply(string resource, JsonObject live, string json, string manager, bool force = false, DateTimeOffset? now = null)
    {
        var kind = KindCatalog.Default.Get(resource);
        var type = SchemaCatalog.Default.Find(kind.SchemaName);
        return CanonicalJson.Normalize(FieldManager.Apply(kind, type, live, Object(resource, json), manager, "", force, now ?? Now, new KindVersions(KindCatalog.Default)), type);
    }

    private static JsonObject Object(string resource, string json) =>
        ObjectDecoder.Decode(Encoding.UTF8.GetBytes(json), SchemaCatalog.Default.Find(KindCatalog.Default.Get(resource).SchemaName), FieldValidation.Strict, []);

    private static JsonObject Entry(JsonObject obj, string manager) =>
        obj["metadata"]!["managedFields"]!.AsArray().Select(e => e!.AsObject()).Single(e => (string?)e["manager"] == manager);

    private static string Fields(JsonObject obj, string manager) => Entry(obj, manager)["fieldsV1"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
