using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.TestKit;
using Orchestrator.Tests.Api.Http;
using Shouldly;

namespace Orchestrator.Tests.Actors.Resources;

public sealed class ResourceActorTests : IAsyncLifetime
{
    private const string ConfigMap = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1"}}""";
    private static readonly ResourceKey Key = new("configmaps", "default", "c");

    private ControlPlaneHarness _plane = null!;

    public async Task InitializeAsync() => _plane = await ControlPlaneHarness.StartAsync();

    public async Task DisposeAsync() => await _plane.DisposeAsync();

    [Fact]
    public async Task A_created_object_is_seen_by_a_read_after_the_reply()
    {
        var written = (await _plane.CreateAsync("configmaps", ConfigMap)).ShouldBeOfType<ResourceWritten>();
        written.Created.ShouldBeTrue();
        var entry = _plane.Cache.Get(Key)!;
        entry.ResourceVersion.ShouldBe(written.ResourceVersion);
        var obj = JsonNode.Parse(written.Json!.Value.Span)!;
        ((string)obj["metadata"]!["uid"]!).Length.ShouldBe(36);
        ((string)obj["metadata"]!["resourceVersion"]!).ShouldBe($"{written.ResourceVersion}");
    }

    [Fact]
    public async Task A_second_create_is_refused_and_changes_nothing()
    {
        var first = (ResourceWritten)await _plane.CreateAsync("configmaps", ConfigMap);
        var refused = (await _plane.CreateAsync("configmaps", ConfigMap)).ShouldBeOfType<ResourceRefused>();
        refused.Status.Message.ShouldBe("configmaps \"c\" already exists");
        _plane.Cache.Get(Key)!.ResourceVersion.ShouldBe(first.ResourceVersion);
    }

    [Fact]
    public async Task A_name_can_be_used_again_also_when_history_was_forgotten_here_before_the_journal_drops_it()
    {
        await _plane.CreateAsync("configmaps", ConfigMap);
        await _plane.DeleteAsync(Key);
        _plane.Cache.Forget(_plane.Journal.Head);
        _plane.Cache.ForgetTombstones(await _plane.Journal.ReadDroppedToAsync());

        (await _plane.CreateAsync("configmaps", ConfigMap)).ShouldBeOfType<ResourceWritten>().Created.ShouldBeTrue();
        _plane.Cache.Get(Key)!.SequenceNr.ShouldBe(3);

        await _plane.DeleteAsync(Key);
        await _plane.Journal.CompactAsync(_plane.Journal.Head);
        _plane.Cache.ForgetTombstones(await _plane.Journal.ReadDroppedToAsync());
        (await _plane.CreateAsync("configmaps", ConfigMap)).ShouldBeOfType<ResourceWritten>().Created.ShouldBeTrue();
    }

    [Fact]
    public async Task A_patch_that_changes_nothing_writes_nothing()
    {
        var created = (ResourceWritten)await _plane.CreateAsync("configmaps", ConfigMap);
        var head = _plane.Journal.Head;
        var same = (await _plane.PatchAsync(Key, """{"data":{"a":"1"}}""")).ShouldBeOfType<ResourceWritten>();
        same.ResourceVersion.ShouldBe(created.ResourceVersion);
        _plane.Journal.Head.ShouldBe(head);
    }

    [Fact]
    public async Task An_outdated_resourceVersion_is_a_conflict()
    {
        var created = (ResourceWritten)await _plane.CreateAsync("configmaps", ConfigMap);
        (await _plane.PatchAsync(Key, """{"data":{"a":"2"}}""")).ShouldBeOfType<ResourceWritten>();
        var stale = await _plane.PatchAsync(Key, $$"""{"metadata":{"resourceVersion":"{{created.ResourceVersion}}"},"data":{"a":"3"} }""");
        stale.ShouldBeOfType<ResourceRefused>().Status.Code.ShouldBe(409);
        Encoding.UTF8.GetString(_plane.Cache.Get(Key)!.Json.Span).ShouldContain("\"a\":\"2\"");
    }

    [Fact]
    public async Task Concurrent_patches_of_one_object_are_all_applied()
    {
        await _plane.CreateAsync("configmaps", ConfigMap);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => _plane.PatchAsync(Key, $$"""{"data":{"k{{i}}":"v"} }""")));
        JsonNode.Parse(_plane.Cache.Get(Key)!.Json.Span)!["data"]!.AsObject().Count.ShouldBe(101);
    }

    [Fact]
    public async Task A_name_can_be_used_again_after_a_delete_with_another_uid()
    {
        var first = (ResourceWritten)await _plane.CreateAsync("configmaps", ConfigMap);
        (await _plane.DeleteAsync(Key)).ShouldBeOfType<ResourceWritten>().Deleted.ShouldNotBeNull();
        _plane.Cache.Get(Key).ShouldBeNull();
        var second = (await _plane.CreateAsync("configmaps", ConfigMap)).ShouldBeOfType<ResourceWritten>();
        Uid(second).ShouldNotBe(Uid(first));
    }

    [Fact]
    public async Task Nothing_is_created_in_a_namespace_that_is_missing() =>
        (await Should.ThrowAsync<StatusException>(() => _plane.CreateAsync("configmaps", ConfigMap, "nowhere"))).Status.Code.ShouldBe(404);

    [Fact]
    public async Task A_dry_run_answers_and_stores_nothing()
    {
        var kind = _plane.Plane.Services.Catalog.Get("configmaps");
        var command = Orchestrator.Actors.Resources.ResourceWriter.PrepareCreate(_plane.Plane.Services, kind, "default", JsonNode.Parse(ConfigMap)!.AsObject(), ControlPlaneHarness.User with { DryRun = true });
        (await _plane.Plane.Client.SendAsync(command)).ShouldBeOfType<ResourceWritten>();
        _plane.Cache.Get(Key).ShouldBeNull();
    }

    [Fact]
    public async Task Everything_is_there_again_after_a_restart_on_the_same_journal()
    {
        var created = (ResourceWritten)await _plane.CreateAsync("configmaps", ConfigMap);
        await _plane.DisposeAsync();
        _plane = await ControlPlaneHarness.StartAsync(_plane.Journal);
        _plane.Cache.Get(Key)!.Json.ToArray().ShouldBe(created.Json!.Value.ToArray());
        (await _plane.PatchAsync(Key, """{"data":{"a":"2"}}""")).ShouldBeOfType<ResourceWritten>().ResourceVersion.ShouldBeGreaterThan(created.ResourceVersion);
    }

    private static string Uid(ResourceWritten written) => (string)JsonNode.Parse(written.Json!.Value.Span)!["metadata"]!["uid"]!;

    [Theory]
    [InlineData(true, 503)]
    [InlineData(false, 504)]
    public async Task A_write_that_the_journal_refuses_is_answered_at_once_and_so_is_what_waited_behind_it(bool fenced, int code)
    {
        // In virtual time nobody gives up waiting.
        var time = new VirtualTime();
        var journal = new MemoryJournal(time);
        await using var plane = await ControlPlaneHarness.StartAsync(journal, time);
        await plane.CreateAsync("configmaps", ConfigMap);
        journal.HoldCommits();
        var patch = plane.PatchAsync(Key, """{"data":{"a":"2"}}""");
        await Eventually.HoldsAsync(() => Task.FromResult(journal.IsWaiting(Key.ToString())), "a write on its way");
        var behind = plane.PatchAsync(Key, """{"data":{"a":"3"}}""");
        journal.Refuse(fenced ? new FencedException("declared down") : new IOException("the disk is gone"));
        journal.ReleaseCommits();

        (await patch).ShouldBeOfType<ResourceRefused>().Status.Code.ShouldBe(code);
        var refused = await behind;
        if (refused is ResourceRefused { Status.Code: var other }) other.ShouldBeOneOf(503, code);
        else throw new Xunit.Sdk.XunitException($"not refused: {refused}");

        // Until the shard has seen its actor stop, what comes is refused like what waited.
        journal.Refuse(null);
        await Eventually.HoldsAsync(async () => await plane.PatchAsync(Key, """{"data":{"a":"4"}}""") is ResourceWritten, "a write that succeeds again");
        Encoding.UTF8.GetString(plane.Cache.Get(Key)!.Json.Span).ShouldContain("\"a\":\"4\"");
    }

    [Theory]
    [InlineData(false, 409)]
    [InlineData(true, 503)]
    public async Task What_was_decided_without_a_write_is_only_told_where_nobody_else_has_written_the_object(bool replaced, int code)
    {
        var (journal, gate, asked) = (new MemoryJournal(), Task.CompletedTask, 0);
        await using var plane = await ControlPlaneHarness.StartAsync(journal, caughtUp: _ =>
        {
            Interlocked.Increment(ref asked);
            return Volatile.Read(ref gate);
        });
        var made = (await plane.CreateAsync("configmaps", ConfigMap)).ShouldBeOfType<ResourceWritten>();
        var known = new TaskCompletionSource();
        Volatile.Write(ref gate, known.Task);
        var before = Volatile.Read(ref asked);
        var again = plane.CreateAsync("configmaps", ConfigMap);
        await Eventually.HoldsAsync(() => Task.FromResult(Volatile.Read(ref asked) > before), "the decision");
        // As another member does that was given the object while this one stood still.
        if (replaced) await journal.WriteAsync([new JournalWrite(Key.ToString(), plane.Cache.Get(Key)!.SequenceNr + 1, IJournal.Tombstone, made.Json!.Value)]);
        again.IsCompleted.ShouldBeFalse();
        known.SetResult();
        (await again).ShouldBeOfType<ResourceRefused>().Status.Code.ShouldBe(code);
    }

    [Fact]
    public async Task A_pods_status_that_the_journal_refuses_is_not_accepted_and_is_when_it_is_said_again()
    {
        var time = new VirtualTime();
        var journal = new MemoryJournal(time);
        await using var plane = await ControlPlaneHarness.StartAsync(journal, time);
        (await plane.CreateAsync("pods", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x"}]}}""")).ShouldBeOfType<ResourceWritten>();
        var pod = new ResourceKey("pods", "default", "p");
        // The scheduler's word on the pod is the only other write of it.
        await plane.EventuallyAsync(() => plane.Cache.Get(pod)!.ToJsonObject()["status"]?["conditions"] is not null);
        var report = new ToEntity(pod, new ReportPodStatus(pod, plane.Cache.Get(pod)!.Uid, """{"phase":"Running"}"""u8.ToArray(), 1));
        journal.HoldCommits();
        var refused = plane.Plane.Services.Region.Ask<object>(report);
        await Eventually.HoldsAsync(() => Task.FromResult(journal.IsWaiting(pod.ToString())), "the report's write on its way");
        journal.Refuse(new FencedException("declared down"));
        journal.ReleaseCommits();
        journal.Refuse(null);

        await Eventually.HoldsAsync(async () => await plane.PatchAsync(pod, """{"metadata":{"labels":{"a":"b"}}}""") is ResourceWritten, "a write that succeeds again");
        refused.IsCompleted.ShouldBeFalse();
        plane.Cache.Get(pod)!.Header.Phase.ShouldBe("Pending");

        (await plane.Plane.Services.Region.Ask<object>(report)).ShouldBeOfType<PodStatusAccepted>();
        plane.Cache.Get(pod)!.Header.Phase.ShouldBe("Running");
    }
}
