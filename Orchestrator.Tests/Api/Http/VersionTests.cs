using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Http;

/// <summary>Built-in kinds that are served in two versions: written in one, read in the other, nothing lost.</summary>
[Collection("api")]
public class VersionTests(ApiFixture api)
{
    [Fact]
    public async Task An_autoscaler_of_version_1_is_one_of_version_2()
    {
        var ns = await api.NamespaceAsync();
        var (first, second) = ($"/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers", $"/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers");
        var made = await api.SendAsync(HttpMethod.Post, first, """
            {"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},
             "spec":{"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"maxReplicas":3,"targetCPUUtilizationPercentage":70}}
            """);
        made.Code.ShouldBe(201, made.Text);
        ((string?)made.Json["apiVersion"], (int)made.Json["spec"]!["targetCPUUtilizationPercentage"]!, (int)made.Json["spec"]!["minReplicas"]!).ShouldBe(("autoscaling/v1", 70, 1));
        var now = await api.GetAsync($"{second}/h");
        ((string?)now.Json["apiVersion"]).ShouldBe("autoscaling/v2");
        now.Json["spec"]!["metrics"]!.ToJsonString().ShouldBe("""[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}}]""");
        (await api.SendAsync(HttpMethod.Patch, $"{first}/h", """{"spec":{"targetCPUUtilizationPercentage":50}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        (await api.GetAsync($"{second}/h")).Json["spec"]!["metrics"]![0]!["resource"]!["target"]!["averageUtilization"]!.GetValue<int>().ShouldBe(50);
        (await api.GetAsync(first)).Json["items"]![0]!["apiVersion"]!.GetValue<string>().ShouldBe("autoscaling/v1");
        (await api.GetAsync("/apis/autoscaling")).Json["preferredVersion"]!["version"]!.GetValue<string>().ShouldBe("v2");
    }

    [Fact]
    public async Task What_version_1_cannot_say_travels_in_annotations()
    {
        var ns = await api.NamespaceAsync();
        var (first, second) = ($"/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers", $"/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers");
        const string Metrics = """
            [{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"100Mi"}}},{"type":"Pods","pods":{"metric":{"name":"q"},"target":{"type":"AverageValue","averageValue":"10"}}}]
            """;
        var made = await api.SendAsync(HttpMethod.Post, second, $$"""
            {"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},
             "spec":{"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"maxReplicas":3,"metrics":{{Metrics}},
              "behavior":{"scaleDown":{"stabilizationWindowSeconds":60} } } }
            """);
        made.Code.ShouldBe(201, made.Text);
        var old = await api.GetAsync($"{first}/h");
        ((string?)old.Json["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/metrics"]).ShouldBe(
            """[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"100Mi"}},{"type":"Pods","pods":{"metricName":"q","targetAverageValue":"10"}}]""");
        // Written back through the old version, nothing is lost.
        (await api.SendAsync(HttpMethod.Put, $"{first}/h", old.Text)).Code.ShouldBe(200);
        var back = await api.GetAsync($"{second}/h");
        back.Version.ShouldBe(made.Version);
        JsonNode.DeepEquals(back.Json["spec"], made.Json["spec"]).ShouldBeTrue(back.Text);
    }

    [Fact]
    public async Task Appliers_of_both_versions_know_of_each_other()
    {
        var ns = await api.NamespaceAsync();
        string Path(int version) => $"/apis/autoscaling/v{version}/namespaces/{ns}/horizontalpodautoscalers/h";
        Task<ApiAnswer> Apply(int version, string manager, string more, string query = "") => api.SendAsync(HttpMethod.Patch, $"{Path(version)}?fieldManager={manager}{query}", $$"""
            {"apiVersion":"autoscaling/v{{version}}","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"maxReplicas":3,{{more}} } }
            """, "application/apply-patch+yaml");
        const string Half = """ "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50} } }] """;
        string[] Owners(ApiAnswer answer) => [.. answer.Json["metadata"]!["managedFields"]!.AsArray().Select(e => $"{e!["manager"]} {e["apiVersion"]} {string.Join(',', e["fieldsV1"]!["f:spec"]!.AsObject().Select(f => f.Key))}")];

        (await Apply(1, "a", "\"targetCPUUtilizationPercentage\":70")).Code.ShouldBe(201);
        var refused = await Apply(2, "b", Half);
        (refused.Code, refused.Message).ShouldBe((409, "Apply failed with 1 conflict: conflict with \"a\": .spec.targetCPUUtilizationPercentage"));
        var forced = await Apply(2, "b", Half, "&force=true");
        Owners(forced).ShouldBe(["a autoscaling/v1 f:maxReplicas,f:scaleTargetRef", "b autoscaling/v2 f:maxReplicas,f:metrics,f:scaleTargetRef"], ignoreOrder: true);
        // An update through version 1 takes the metric from who owns it in version 2.
        var updated = await api.SendAsync(HttpMethod.Patch, $"{Path(1)}?fieldManager=u", """{"spec":{"targetCPUUtilizationPercentage":60}}""", "application/merge-patch+json");
        Owners(updated).ShouldBe(["a autoscaling/v1 f:maxReplicas,f:scaleTargetRef", "b autoscaling/v2 f:maxReplicas,f:scaleTargetRef", "u autoscaling/v1 f:targetCPUUtilizationPercentage"], ignoreOrder: true);
    }

    [Fact]
    public async Task An_event_is_seen_through_both_groups()
    {
        var ns = await api.NamespaceAsync();
        var (core, grouped) = ($"/api/v1/namespaces/{ns}/events", $"/apis/events.k8s.io/v1/namespaces/{ns}/events");
        var made = await api.SendAsync(HttpMethod.Post, grouped, $$"""
            {"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e"},"eventTime":"2026-01-02T03:04:05.000006Z","reportingController":"test","reportingInstance":"test-1",
             "action":"Do","reason":"Tested","regarding":{"namespace":"{{ns}}","kind":"Pod","name":"p"},"note":"a note","type":"Normal"}
            """);
        made.Code.ShouldBe(201, made.Text);
        var seen = await api.GetAsync($"{core}/e");
        ((string?)seen.Json["message"], (string?)seen.Json["involvedObject"]!["name"], (string?)seen.Json["reportingComponent"]).ShouldBe(("a note", "p", "test"));
        (await api.GetAsync($"{grouped}?fieldSelector=regarding.name%3Dp")).Names.ShouldBe(["e"]);
        (await api.GetAsync($"{grouped}?fieldSelector=regarding.name%3Dq")).Names.ShouldBeEmpty();
        (await api.SendAsync(HttpMethod.Patch, $"{grouped}/e", """{"note":"another"}""", "application/strategic-merge-patch+json")).Json["note"]!.GetValue<string>().ShouldBe("another");
        ((string?)(await api.GetAsync($"{core}/e")).Json["message"]).ShouldBe("another");
        var refused = await api.SendAsync(HttpMethod.Post, grouped, $$"""{"metadata":{"name":"f"},"regarding":{"namespace":"{{ns}}"},"deprecatedCount":3}""");
        refused.Code.ShouldBe(422);
        refused.Json["details"]!["causes"]!.AsArray().Select(c => (string?)c!["field"]).ShouldContain("eventTime");
        (await api.SendAsync(HttpMethod.Delete, $"{grouped}/e")).Code.ShouldBe(200);
        (await api.GetAsync($"{core}/e")).Code.ShouldBe(404);
    }
}
