using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;
using Shouldly;

namespace Orchestrator.Tests.Resources.Writing;

public sealed class DeleteRulesTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.Parse("2026-01-01T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture);
    private static readonly ResourceKind Pods = KindCatalog.Default.Get("pods");
    private static readonly ResourceKind ConfigMaps = KindCatalog.Default.Get("configmaps");

    [Fact]
    public void A_running_pod_is_marked_and_gets_its_grace()
    {
        var put = Delete(Pods, Pod("node-1", "Running")).ShouldBeOfType<WriteDecision.Put>();
        ((string)put.Object["metadata"]!["deletionTimestamp"]!).ShouldBe("2026-01-01T00:00:30Z");
        ((long)put.Object["metadata"]!["deletionGracePeriodSeconds"]!).ShouldBe(30);
    }

    [Theory, InlineData("", "Pending"), InlineData("node-1", "Succeeded"), InlineData("node-1", "Failed")]
    public void A_pod_that_does_not_run_goes_at_once(string node, string phase) => Delete(Pods, Pod(node, phase)).ShouldBeOfType<WriteDecision.Remove>();

    [Fact]
    public void A_forced_delete_removes_a_pod_that_is_already_terminating()
    {
        var marked = ((WriteDecision.Put)Delete(Pods, Pod("node-1", "Running"))).Object;
        Delete(Pods, marked, grace: 0).ShouldBeOfType<WriteDecision.Remove>();
    }

    [Fact]
    public void A_second_delete_can_shorten_the_grace_but_not_lengthen_it()
    {
        var marked = ((WriteDecision.Put)Delete(Pods, Pod("node-1", "Running"))).Object;
        var shorter = Delete(Pods, marked.DeepClone().AsObject(), grace: 5).ShouldBeOfType<WriteDecision.Put>();
        ((long)shorter.Object["metadata"]!["deletionGracePeriodSeconds"]!).ShouldBe(5);
        Delete(Pods, marked.DeepClone().AsObject(), grace: 60).ShouldBeOfType<WriteDecision.Unchanged>();
    }

    [Fact]
    public void Finalizers_hold_an_object_back()
    {
        var obj = Object("""{"metadata":{"name":"c","uid":"u","finalizers":["example.com/keep"]}}""");
        var put = Delete(ConfigMaps, obj).ShouldBeOfType<WriteDecision.Put>();
        put.Object["metadata"]!["deletionTimestamp"].ShouldNotBeNull();
        DeleteRules.IsFinalized(ConfigMaps, put.Object).ShouldBeFalse();
    }

    [Theory, InlineData("Foreground", "foregroundDeletion"), InlineData("Orphan", "orphan")]
    public void Propagation_policies_become_finalizers(string policy, string finalizer)
    {
        var put = Delete(ConfigMaps, Object("""{"metadata":{"name":"c","uid":"u"}}"""), propagation: policy).ShouldBeOfType<WriteDecision.Put>();
        ObjectMeta.Finalizers(put.Object).ShouldBe([finalizer]);
    }

    [Theory, InlineData("replicationcontrollers", null, "orphan"), InlineData("replicationcontrollers", "Foreground", "foregroundDeletion"), InlineData("jobs.batch", null, "orphan")]
    public void Kinds_older_than_the_garbage_collector_leave_their_dependents_behind_unless_told_otherwise(string resource, string? policy, string finalizer)
    {
        var put = Delete(KindCatalog.Default.Get(resource), Object("""{"metadata":{"name":"c","uid":"u"}}"""), propagation: policy).ShouldBeOfType<WriteDecision.Put>();
        ObjectMeta.Finalizers(put.Object).ShouldBe([finalizer]);
    }

    [Fact]
    public void A_deletion_that_says_nothing_keeps_to_the_finalizer_that_is_there()
    {
        var kind = KindCatalog.Default.Get("replicationcontrollers");
        var put = Delete(kind, Object("""{"metadata":{"name":"c","uid":"u","finalizers":["foregroundDeletion"]}}""")).ShouldBeOfType<WriteDecision.Put>();
        ObjectMeta.Finalizers(put.Object).ShouldBe(["foregroundDeletion"]);
        Delete(kind, Object("""{"metadata":{"name":"c","uid":"u"}}"""), propagation: "Background").ShouldBeOfType<WriteDecision.Remove>();
    }

    [Fact]
    public void A_namespace_stays_until_its_spec_finalizers_are_gone_and_says_Terminating()
    {
        var kind = KindCatalog.Default.Get("namespaces");
        var put = Delete(kind, Object("""{"metadata":{"name":"n","uid":"u"},"spec":{"finalizers":["kubernetes"]}}""")).ShouldBeOfType<WriteDecision.Put>();
        ((string)put.Object["status"]!["phase"]!).ShouldBe("Terminating");
    }

    [Fact]
    public void Preconditions_are_checked()
    {
        var obj = Object("""{"metadata":{"name":"c","uid":"u"}}""");
        var wrongUid = DeleteRules.Decide(ConfigMaps, obj, 5, new DeleteRules.Options(null, null, "other", null), Now);
        wrongUid.ShouldBeOfType<WriteDecision.Refuse>().Status.Code.ShouldBe(409);
        var wrongVersion = DeleteRules.Decide(ConfigMaps, obj, 5, new DeleteRules.Options(null, null, null, "4"), Now);
        wrongVersion.ShouldBeOfType<WriteDecision.Refuse>().Status.Code.ShouldBe(409);
    }

    private static WriteDecision Delete(ResourceKind kind, JsonObject obj, long? grace = null, string? propagation = null) =>
        DeleteRules.Decide(kind, obj, 1, new DeleteRules.Options(grace, propagation, null, null), Now);

    private static JsonObject Pod(string node, string phase) =>
        Object($$$"""{"metadata":{"name":"p","namespace":"default","uid":"u"},"spec":{"nodeName":"{{{node}}}","terminationGracePeriodSeconds":30},"status":{"phase":"{{{phase}}}"} }""");

    private static JsonObject Object(string json) => JsonNode.Parse(json)!.AsObject();
}
