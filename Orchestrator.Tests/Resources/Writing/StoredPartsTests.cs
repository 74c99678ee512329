using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Apply;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Writing;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Writing;

/// <summary>A write of parts gives the bytes that a write of the whole object gives.</summary>
public sealed class StoredPartsTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ResourceKind Pods = KindCatalog.Default.Get("pods");
    private static readonly SchemaType Type = SchemaCatalog.Default.Find(Pods.SchemaName);
    private static readonly string[] Managers = ["node-agent", "scheduler", "kubectl-edit", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_statuses_are_written_and_tracked_as_with_the_whole_object(int seed)
    {
        var random = new Random(seed);
        var stored = Created();
        for (var i = 0; i < 200; i++)
        {
            var (status, manager, now) = (Status(random), Managers[random.Next(i < 100 ? 3 : Managers.Length)], Start.AddMinutes(i));
            var whole = Whole(stored, status, manager, now);
            var shown = ResourceVersionSplice.Insert(stored, 100 + i);
            var source = random.Next(2) == 0 ? shown : stored;
            var parts = StoredParts.Find(source)!.Value;
            var bytes = parts.With(source, null, CanonicalJson.WritePart(status, Type, "status"), managed =>
                FieldManager.TrackPart(Pods, Type, "status", parts.StatusOf(source), status, managed.Span, manager, "status", now));
            Text(bytes ?? stored).ShouldBe(Text(whole), $"seed {seed}, step {i}");
            stored = whole;
        }
    }

    [Fact]
    public void A_spec_is_written_as_with_the_whole_object()
    {
        var stored = ResourceVersionSplice.Insert(Created(), 7);
        var parts = StoredParts.Find(stored)!.Value;
        var spec = JsonNode.Parse(stored[parts.Spec])!.AsObject();
        spec["nodeName"] = "node-1";
        var whole = JsonNode.Parse(stored)!.AsObject();
        whole["spec"]!["nodeName"] = "node-1";
        Text(parts.With(stored, CanonicalJson.WritePart(spec, Type, "spec"), null, _ => null)!).ShouldBe(Text(CanonicalJson.Write(whole, Type)));
    }

    [Fact]
    public void What_does_not_change_is_not_written()
    {
        var stored = Created();
        var parts = StoredParts.Find(stored)!.Value;
        parts.With(stored, stored[parts.Spec], stored[parts.Status], _ => throw new InvalidOperationException("nothing is to be tracked")).ShouldBeNull();
    }

    [Fact]
    public void An_object_without_spec_or_status_has_no_parts() => StoredParts.Find("""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{}}"""u8).ShouldBeNull();

    [Fact]
    public void A_manager_of_a_version_that_is_gone_is_forgotten_as_with_the_whole_object()
    {
        var pod = JsonNode.Parse(Created())!.AsObject();
        pod["metadata"]!["managedFields"]!.AsArray().Add(JsonNode.Parse("""{"manager":"old","operation":"Update","apiVersion":"v0","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{}}}"""));
        var stored = CanonicalJson.Write(pod, Type);
        var parts = StoredParts.Find(stored)!.Value;
        var status = new JsonObject { ["phase"] = "Running", ["qosClass"] = "Burstable" };
        var bytes = parts.With(stored, null, CanonicalJson.WritePart(status, Type, "status"), managed =>
            FieldManager.TrackPart(Pods, Type, "status", parts.StatusOf(stored), status, managed.Span, "node-agent", "status", Start))!;
        Text(bytes).ShouldBe(Text(Whole(stored, status, "node-agent", Start)));
        Text(bytes).ShouldNotContain("\"v0\"");
    }

    private static byte[] Whole(byte[] stored, JsonObject status, string manager, DateTimeOffset now)
    {
        var (live, obj) = (JsonNode.Parse(stored)!.AsObject(), JsonNode.Parse(stored)!.AsObject());
        obj["status"] = status.DeepClone();
        FieldManager.Track(Pods, Type, live, obj, manager, "status", now, new KindVersions(KindCatalog.Default));
        return CanonicalJson.Write(obj, Type);
    }

    private static byte[] Created()
    {
        var pod = JsonNode.Parse("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default","uid":"u","creationTimestamp":"2026-01-01T12:00:00Z","labels":{"app":"web"}},
             "spec":{"containers":[{"name":"web","image":"web:1","resources":{"requests":{"cpu":"100m"}}}],"restartPolicy":"Always"},"status":{"phase":"Pending","qosClass":"Burstable"}}
            """)!.AsObject();
        FieldManager.Track(Pods, Type, null, pod, "kube-controller-manager", "", Start, new KindVersions(KindCatalog.Default));
        return CanonicalJson.Write(pod, Type);
    }

    private static JsonObject Status(Random random)
    {
        var status = new JsonObject { ["phase"] = random.Next(2) == 0 ? "Pending" : "Running" };
        if (random.Next(2) == 0) status["hostIP"] = "10.0.0.1";
        if (random.Next(2) == 0) status["podIP"] = $"10.1.0.{random.Next(3)}";
        if (random.Next(3) > 0) status["qosClass"] = "Burstable";
        var conditions = new JsonArray();
        foreach (var type in new[] { "Ready", "Initialized", "PodScheduled" })
            if (random.Next(2) == 0) conditions.Add(new JsonObject { ["type"] = type, ["status"] = random.Next(2) == 0 ? "True" : "False", ["lastProbeTime"] = null, ["lastTransitionTime"] = "2026-01-01T12:00:00Z" });
        if (conditions.Count > 0) status["conditions"] = conditions;
        if (random.Next(2) == 0)
            status["containerStatuses"] = new JsonArray(new JsonObject { ["name"] = "web", ["ready"] = random.Next(2) == 0, ["restartCount"] = random.Next(3), ["image"] = "web:1", ["imageID"] = "", ["state"] = new JsonObject(), ["lastState"] = new JsonObject() });
        return status;
    }

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
