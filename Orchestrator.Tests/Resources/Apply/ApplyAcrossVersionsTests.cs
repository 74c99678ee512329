using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Apply;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Apply;

/// <summary>
/// Managers that speak different versions of one kind. Autoscalers have a field of another name and shape in v1, where their target is atomic, too; a custom kind without a webhook has the same fields in all its versions, or
/// should have.
/// </summary>
public class ApplyAcrossVersionsTests
{
    private const string V1 = "autoscaling/v1";
    private const string V2 = "autoscaling/v2";
    private const string Group = "across.example.com";
    private const string Custom = $"{Group}/v1";
    private const string CustomBeta = $"{Group}/v1beta1";
    private const string CustomUnserved = $"{Group}/v1alpha1";

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly KindCatalog Catalog = Kinds();

    [Fact]
    public void A_field_that_another_owns_in_version_1_is_a_conflict_under_its_name_there()
    {
        var live = Apply(V1, null, Autoscaler(V1, Cpu(V1, 70)), "a");
        Message(() => Apply(V2, live, Autoscaler(V2, Cpu(V2, 50)), "b")).ShouldBe("Apply failed with 1 conflict: conflict with \"a\": .spec.targetCPUUtilizationPercentage");
    }

    [Fact]
    public void A_field_that_another_owns_in_version_2_is_a_conflict_under_its_name_there()
    {
        var live = Apply(V2, null, Autoscaler(V2, Cpu(V2, 70)), "a");
        Message(() => Apply(V1, live, Autoscaler(V1, Cpu(V1, 50)), "b")).ShouldBe("Apply failed with 1 conflict: conflict with \"a\": .spec.metrics");
        var updated = Update(V1, Apply(V1, null, Autoscaler(V1, ""), "c"), "u", spec => spec["targetCPUUtilizationPercentage"] = 60);
        Message(() => Apply(V2, updated, Autoscaler(V2, Cpu(V2, 50)), "b")).ShouldBe("Apply failed with 1 conflict: conflict with \"u\" using autoscaling/v1: .spec.targetCPUUtilizationPercentage");
    }

    [Fact]
    public void Force_takes_it_from_the_entry_of_the_other_version_which_keeps_its_version_and_the_rest()
    {
        var live = Apply(V1, null, Autoscaler(V1, Cpu(V1, 70)), "a");
        var taken = Apply(V2, live, Autoscaler(V2, Cpu(V2, 50)), "b", force: true);
        Entries(taken).ShouldBe([
            $"a Apply {V1} " + """{"f:spec":{"f:maxReplicas":{},"f:scaleTargetRef":{}}}""",
            $"b Apply {V2} " + """{"f:spec":{"f:maxReplicas":{},"f:metrics":{},"f:scaleTargetRef":{"f:apiVersion":{},"f:kind":{},"f:name":{}}}}""",
        ]);
        Shown(V1, taken)["spec"]!["targetCPUUtilizationPercentage"]!.GetValue<int>().ShouldBe(50);
    }

    [Fact]
    public void The_same_value_in_another_version_is_shared()
    {
        var live = Apply(V1, null, Autoscaler(V1, Cpu(V1, 70)), "a");
        var shared = Apply(V2, live, Autoscaler(V2, Cpu(V2, 70)), "b");
        Entries(shared).ShouldBe([
            $"b Apply {V2} " + """{"f:spec":{"f:maxReplicas":{},"f:metrics":{},"f:scaleTargetRef":{"f:apiVersion":{},"f:kind":{},"f:name":{}}}}""",
            $"a Apply {V1} " + """{"f:spec":{"f:maxReplicas":{},"f:scaleTargetRef":{},"f:targetCPUUtilizationPercentage":{}}}""",
        ], "who changed nothing has no time, and stands first");
    }

    [Fact]
    public void An_applier_that_goes_on_in_another_version_keeps_one_entry()
    {
        var live = Apply(V1, null, Autoscaler(V1, Cpu(V1, 70)), "a");
        var moved = Apply(V2, live, Autoscaler(V2, Cpu(V2, 60)), "a", now: Now.AddHours(1));
        Entries(moved).ShouldBe([$"a Apply {V2} " + """{"f:spec":{"f:maxReplicas":{},"f:metrics":{},"f:scaleTargetRef":{"f:apiVersion":{},"f:kind":{},"f:name":{}}}}"""]);
        TimeOf(moved, "a").ShouldBe("2026-01-02T04:04:05Z");
        Shown(V1, moved)["spec"]!["targetCPUUtilizationPercentage"]!.GetValue<int>().ShouldBe(60);
    }

    [Fact]
    public void An_applier_that_changes_the_version_only_keeps_its_time()
    {
        var live = Apply(V1, null, Autoscaler(V1, Cpu(V1, 70)), "a");
        var moved = Apply(V2, live, Autoscaler(V2, Cpu(V2, 70)), "a", now: Now.AddHours(1));
        Entries(moved).ShouldHaveSingleItem().ShouldStartWith($"a Apply {V2} ");
        TimeOf(moved, "a").ShouldBe("2026-01-02T03:04:05Z");
    }

    [Fact]
    public void What_an_applier_lets_go_in_another_version_goes_by_the_fields_of_its_last_one()
    {
        var live = Apply(V1, null, Autoscaler(V1, Cpu(V1, 70) + ""","minReplicas":2"""), "a");
        var without = Apply(V2, live, Autoscaler(V2, ""), "a");
        without["spec"]!["minReplicas"]!.GetValue<int>().ShouldBe(1, "the default");
        Shown(V1, without)["spec"]!["targetCPUUtilizationPercentage"]!.GetValue<int>().ShouldBe(80, "the default");
    }

    [Fact]
    public void What_another_owns_in_another_version_stays_when_an_applier_lets_it_go()
    {
        var live = Apply(V1, null, Autoscaler(V1, Cpu(V1, 70) + ""","minReplicas":2"""), "a");
        live = Apply(V2, live, Autoscaler(V2, Cpu(V2, 70)), "b");
        var without = Apply(V1, live, Autoscaler(V1, ""), "a");
        without["spec"]!["minReplicas"]!.GetValue<int>().ShouldBe(1, "nobody else had that");
        Shown(V1, without)["spec"]!["targetCPUUtilizationPercentage"]!.GetValue<int>().ShouldBe(70, "in version 2 that is a metric of b's");
    }

    [Fact]
    public void An_update_takes_what_it_changed_from_entries_of_other_versions_as_they_see_it()
    {
        var live = Apply(V1, null, Autoscaler(V1, Cpu(V1, 70)), "a");
        var updated = Update(V2, live, "u", spec => spec["metrics"]![0]!["resource"]!["target"]!["averageUtilization"] = 50);
        Entries(updated).ShouldBe([
            $"a Apply {V1} " + """{"f:spec":{"f:maxReplicas":{},"f:scaleTargetRef":{}}}""",
            $"u Update {V2} " + """{"f:spec":{"f:metrics":{}}}""",
        ]);
        // What version 2 says in a list of metrics version 1 has in an annotation: nobody's field in version 1 but that annotation's.
        var more = Update(V2, live, "u", spec => spec["metrics"]!.AsArray().Add(JsonNode.Parse("""{"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":5}}}""")));
        Entries(more)[0].ShouldBe($"a Apply {V1} " + """{"f:spec":{"f:maxReplicas":{},"f:scaleTargetRef":{},"f:targetCPUUtilizationPercentage":{}}}""");
    }

    [Fact]
    public void One_updater_has_an_entry_per_version()
    {
        var live = Apply(V1, null, Autoscaler(V1, ""), "a");
        live = Update(V1, live, "u", spec => spec["minReplicas"] = 2);
        live = Update(V2, live, "u", spec => spec["maxReplicas"] = 9);
        Entries(live).ShouldBe([
            $"a Apply {V1} " + """{"f:spec":{"f:scaleTargetRef":{}}}""",
            $"u Update {V1} " + """{"f:spec":{"f:minReplicas":{}}}""",
            $"u Update {V2} " + """{"f:spec":{"f:maxReplicas":{}}}""",
        ]);
    }

    [Theory]
    [InlineData(V1)]
    [InlineData(V2)]
    public void An_entry_of_a_version_that_is_gone_goes_with_the_next_write(string version)
    {
        var live = WithEntry(Apply(V1, null, Autoscaler(V1, ""), "a"), "old", "autoscaling/v2beta2", "Update");
        Entries(Update(version, live, "u", spec => spec["maxReplicas"] = 9)).Select(e => e.Split(' ')[0]).ShouldBe(["a", "u"]);
        Entries(Update(version, live, "u", _ => { })).Select(e => e.Split(' ')[0]).ShouldBe(["a"], "a write that changes nothing, too");
        Entries(Apply(version, live, Autoscaler(version, ""), "b")).Select(e => e.Split(' ')[0]).ShouldBe(["b", "a"]);
        Apply(version, live, Autoscaler(version, ""), "b")["spec"]!["maxReplicas"]!.GetValue<int>().ShouldBe(3);
    }

    [Fact]
    public void What_was_applied_in_a_version_that_is_gone_is_not_taken_away()
    {
        var live = Apply(V2, null, Autoscaler(V2, ""","minReplicas":2"""), "b");
        var entries = ManagedFields.Read(live).Select(e => e with { ApiVersion = "autoscaling/v2beta2" }).ToList();
        live["metadata"]!["managedFields"] = JsonNode.Parse(ManagedFields.Encode([.. entries.Select(e => new ManagedEntry(e.Manager, e.Operation, e.ApiVersion, e.Subresource) { Fields = e.Fields })]));
        var applied = Apply(V2, live, Autoscaler(V2, ""), "b");
        applied["spec"]!["minReplicas"]!.GetValue<int>().ShouldBe(2);
        Entries(applied).ShouldHaveSingleItem().ShouldStartWith($"b Apply {V2} ");
    }

    [Fact]
    public void An_entry_of_the_other_group_of_events_is_none()
    {
        var kind = Catalog.Get("events");
        var type = SchemaCatalog.Default.Find(kind.SchemaName);
        var live = JsonNode.Parse("""
            {"kind":"Event","apiVersion":"v1","metadata":{"name":"e","managedFields":[{"manager":"new","operation":"Update","apiVersion":"events.k8s.io/v1","fieldsType":"FieldsV1","fieldsV1":{"f:note":{}}}]},"message":"one"}
            """)!.AsObject();
        var next = live.DeepClone().AsObject();
        next["message"] = "two";
        FieldManager.Track(kind, type, live, next, "u", "", Now, new KindVersions(Catalog));
        Entries(next).ShouldBe(["""u Update v1 {"f:message":{}}"""]);
    }

    [Fact]
    public void A_custom_kind_without_a_webhook_has_the_same_fields_in_every_version()
    {
        var live = Apply(CustomBeta, null, Widget(CustomBeta, """{"size":1}"""), "a");
        Message(() => Apply(Custom, live, Widget(Custom, """{"size":2}"""), "b")).ShouldBe("Apply failed with 1 conflict: conflict with \"a\": .spec.size");
        Entries(Apply(Custom, live, Widget(Custom, """{"size":2}"""), "b", force: true)).ShouldBe([$"b Apply {Custom} " + """{"f:spec":{"f:size":{}}}"""]);
        Entries(Apply(Custom, live, Widget(Custom, """{"size":1}"""), "b")).Count.ShouldBe(2);
        Entries(Update(Custom, live, "u", spec => spec["size"] = 3)).ShouldBe([$"u Update {Custom} " + """{"f:spec":{"f:size":{}}}"""]);
        Apply(Custom, live, Widget(Custom, """{"color":"red"}"""), "a")["spec"]!.ToJsonString().ShouldBe("""{"color":"red"}""");
    }

    [Fact]
    public void A_version_that_is_not_served_is_still_one()
    {
        var live = WithEntry(Apply(Custom, null, Widget(Custom, """{"size":1}"""), "a"), "old", CustomUnserved, "Update");
        Message(() => Apply(Custom, live, Widget(Custom, """{"size":2}"""), "a")).ShouldBe($"Apply failed with 1 conflict: conflict with \"old\" using {CustomUnserved}: .spec.size");
    }

    [Theory]
    [InlineData($"{Group}/v0", $"request to convert CR to an invalid group/version: {Group}/v0")]
    [InlineData("other.example.com/v1", $"{Group}/v1, Kind=Widget is unstructured and is not suitable for converting to \"other.example.com/v1\"")]
    public void A_custom_kinds_entry_of_a_version_that_is_gone_fails_an_apply_and_ends_the_list_with_an_update(string version, string message)
    {
        var live = WithEntry(Apply(Custom, null, Widget(Custom, """{"size":1}"""), "a"), "old", version, "Update");
        var refused = Should.Throw<StatusException>(() => Apply(Custom, live, Widget(Custom, """{"size":1}"""), "a")).Status;
        (refused.Code, refused.Reason, refused.Message).ShouldBe((500, "", message));
        Update(Custom, live, "u", spec => spec["size"] = 2)["metadata"]!.AsObject().ContainsKey("managedFields").ShouldBeFalse();
    }

    [Fact]
    public void A_field_that_another_managers_version_does_not_declare_fails_an_apply_and_ends_the_list_with_an_update()
    {
        var live = Apply(CustomBeta, null, Widget(CustomBeta, """{"size":1}"""), "a");
        Message(() => Apply(Custom, live, Widget(Custom, """{"news":["x"]}"""), "b")).ShouldBe("failed to convert new object: .spec.news: field not declared in schema");
        Update(Custom, live, "u", spec => spec["news"] = new JsonArray("x"))["metadata"]!.AsObject().ContainsKey("managedFields").ShouldBeFalse();
    }

    private static JsonObject Apply(string version, JsonObject? stored, JsonObject config, string manager, bool force = false, DateTimeOffset? now = null)
    {
        var (kind, type) = KindOf(version, config);
        var live = stored is null ? [] : Shown(version, stored);
        return Stored(kind, CanonicalJson.Normalize(FieldManager.Apply(kind, type, live, config, manager, "", force, now ?? Now, new KindVersions(Catalog)), type));
    }

    private static JsonObject Update(string version, JsonObject stored, string manager, Action<JsonObject> change)
    {
        var (kind, type) = KindOf(version, stored);
        var (live, obj) = (Shown(version, stored), Shown(version, stored));
        change(obj["spec"]!.AsObject());
        FieldManager.Track(kind, type, live, obj, manager, "", Now.AddMinutes(1), new KindVersions(Catalog));
        return Stored(kind, CanonicalJson.Normalize(obj, type));
    }

    /// <summary>What is stored of an object of a version, defaulted.</summary>
    private static JsonObject Stored(ResourceKind kind, JsonObject obj)
    {
        kind.Strategy.Default(obj);
        return KindConversion.Convert(obj, kind, Catalog.Get(kind.GroupResource));
    }

    /// <summary>A stored object in a version, a copy.</summary>
    private static JsonObject Shown(string version, JsonObject stored) =>
        KindConversion.Convert(stored.DeepClone().AsObject(), Catalog.Get(KindOf(version, stored).Kind.GroupResource), KindOf(version, stored).Kind);

    private static (ResourceKind Kind, SchemaType Type) KindOf(string version, JsonObject obj)
    {
        var kind = Catalog.FindByApiVersion(version, (string)obj["kind"]!)!;
        return (kind, SchemaCatalog.Default.Find(kind.SchemaName));
    }

    private static JsonObject Autoscaler(string version, string more) => Object(version, $$"""
        {"apiVersion":"{{version}}","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"maxReplicas":3{{more}} } }
        """);

    private static string Cpu(string version, int percent) => version == V1
        ? $",\"targetCPUUtilizationPercentage\":{percent}"
        : $$$""","metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":{{{percent}}} } } }]""";

    private static JsonObject Widget(string version, string spec) => Object(version, $$"""{"apiVersion":"{{version}}","kind":"Widget","metadata":{"name":"w"},"spec":{{spec}} }""");

    private static JsonObject Object(string version, string json) =>
        ObjectDecoder.Decode(Encoding.UTF8.GetBytes(json), KindOf(version, JsonNode.Parse(json)!.AsObject()).Type, FieldValidation.Strict, []);

    private static JsonObject WithEntry(JsonObject stored, string manager, string version, string operation)
    {
        var result = stored.DeepClone().AsObject();
        result["metadata"]!["managedFields"]!.AsArray().Add(JsonNode.Parse(
            $$$"""{"manager":"{{{manager}}}","operation":"{{{operation}}}","apiVersion":"{{{version}}}","time":"2025-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:maxReplicas":{},"f:size":{} } } }"""));
        return result;
    }

    private static IReadOnlyList<string> Entries(JsonObject obj) =>
        [.. JsonNode.Parse(obj["metadata"]!["managedFields"]!.ToJsonString())!.AsArray().Select(e => $"{e!["manager"]} {e["operation"]} {e["apiVersion"]} {e["fieldsV1"]!.ToJsonString()}")];

    private static string? TimeOf(JsonObject obj, string manager) => (string?)obj["metadata"]!["managedFields"]!.AsArray().Single(e => (string?)e!["manager"] == manager)!["time"];

    private static string Message(Func<JsonObject> apply) => Should.Throw<StatusException>(apply).Status.Message;

    private static KindCatalog Kinds()
    {
        string Version(string name, bool served, bool storage, string more) => $$$$"""
            {"name":"{{{{name}}}}","served":{{{{(served ? "true" : "false")}}}},"storage":{{{{(storage ? "true" : "false")}}}},
             "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"},"color":{"type":"string"}{{{{more}}}} } } } } } }
            """;
        var definition = JsonNode.Parse($$$"""
            {"metadata":{"name":"widgets.{{{Group}}}"},"spec":{"group":"{{{Group}}}","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget"},"versions":[
              {{{Version("v1", true, true, ""","news":{"type":"array","items":{"type":"string"} }""")}}},{{{Version("v1beta1", true, false, "")}}},{{{Version("v1alpha1", false, false, "")}}}]} }
            """)!.AsObject();
        var custom = CustomKinds.Of(definition, SchemaCatalog.Default);
        foreach (var kind in custom) SchemaCatalog.Default.Add(kind.Type);
        return new KindCatalog([.. KindCatalog.Default.All, .. custom.Select(k => k.Kind)]);
    }
}
