using System.Text;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Shouldly;

namespace Orchestrator.Tests.Actors.Caching;

public sealed class ResourceCacheTests
{
    private readonly ResourceCache _cache = new(KindCatalog.Default, SecretSealer.None);

    [Fact]
    public void The_resourceVersion_is_the_rows_ordering_and_first_in_metadata()
    {
        _cache.Fold([Entries.Row(7, "pods/default/a", ResourceEvent.Create, Entries.Pod("a"))]);
        Encoding.UTF8.GetString(_cache.Get(new ResourceKey("pods", "default", "a"))!.Json.Span).ShouldStartWith("""{"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"7","name":"a",""");
        _cache.Head.ShouldBe(7);
    }

    [Fact]
    public void Indexes_follow_owner_and_node()
    {
        _cache.Fold([Entries.Row(1, "pods/default/a", ResourceEvent.Create, Entries.Pod("a", owner: "rs-uid"))]);
        _cache.OwnedBy("rs-uid").Select(e => e.Name).ShouldBe(["a"]);
        _cache.OnNode("n1").ShouldBeEmpty();
        _cache.Fold([Entries.Row(2, "pods/default/a", ResourceEvent.Update, Entries.Pod("a", node: "n1"), 2)]);
        _cache.OwnedBy("rs-uid").ShouldBeEmpty();
        _cache.OnNode("n1").Single().ResourceVersion.ShouldBe(2);
        _cache.Fold([Entries.Row(3, "pods/default/a", ResourceEvent.Delete, Entries.Pod("a", node: "n1"), 3)]);
        _cache.OnNode("n1").ShouldBeEmpty();
        _cache.Get(new ResourceKey("pods", "default", "a")).ShouldBeNull();
        _cache.LastSequenceNr(new ResourceKey("pods", "default", "a")).ShouldBe(3);
    }

    [Fact]
    public void A_watch_from_a_lists_version_misses_nothing_and_repeats_nothing()
    {
        _cache.Fold([Entries.Row(1, "pods/default/a", ResourceEvent.Create, Entries.Pod("a"))]);
        var (_, version) = _cache.Snapshot("pods");
        var watch = _cache.Watch("pods", version);
        _cache.Fold([Entries.Row(2, "pods/default/b", ResourceEvent.Create, Entries.Pod("b")), Entries.Row(3, "configmaps/default/c", ResourceEvent.Create, """{"metadata":{"name":"c"}}""")]);
        _cache.Fold([Entries.Row(4, "pods/default/a", ResourceEvent.Update, Entries.Pod("a", node: "x"), 2)]);
        _cache.Fold([Entries.Row(5, "pods/default/b", ResourceEvent.Delete, Entries.Pod("b"), 2)]);
        var seen = new List<(ChangeType, string, long)>();
        while (watch.TryNext(out var change)) seen.Add((change.Type, change.Entry.Name, change.ResourceVersion));
        seen.ShouldBe([(ChangeType.Added, "b", 2), (ChangeType.Modified, "a", 4), (ChangeType.Deleted, "b", 5)]);
        watch.ResourceVersion.ShouldBe(5);
    }

    [Fact]
    public void After_a_start_the_head_is_the_journals_and_what_was_compacted_is_nobodys_history()
    {
        _cache.Fold([Entries.Row(4, "pods/default/a", ResourceEvent.Create, Entries.Pod("a")), Entries.Row(9, "pods/default/b", ResourceEvent.Create, Entries.Pod("b"))]);
        _cache.FoldedTo(20, 12);
        _cache.Snapshot("pods").ResourceVersion.ShouldBe(20);
        _cache.WaitForAsync(20).IsCompleted.ShouldBeTrue();
        foreach (var resource in new[] { "pods", "configmaps" }) // the second has no rows any more
        {
            Should.Throw<StatusException>(() => _cache.Watch(resource, 5)).Status.Code.ShouldBe(410);
            Should.Throw<StatusException>(() => _cache.Watch(resource, 11)).Status.Code.ShouldBe(410);
        }
        var watch = _cache.Watch("pods", 20);
        _cache.Fold([Entries.Row(21, "pods/default/b", ResourceEvent.Delete, Entries.Pod("b"), 2)]);
        watch.TryNext(out var change).ShouldBeTrue();
        change.Type.ShouldBe(ChangeType.Deleted);
        _cache.FoldedTo(15, 12);
        _cache.Head.ShouldBe(21);
    }

    [Theory, InlineData(11), InlineData(99)]
    public void Resuming_a_watch_at_any_version_gives_exactly_the_rest(int seed)
    {
        var random = new Random(seed);
        var sequence = new long[5];
        var exists = new bool[5];
        var all = new List<(long Version, string Name)>();
        for (long ordering = 1; ordering <= 300; ordering++)
        {
            var i = random.Next(5);
            var operation = exists[i] ? (random.Next(4) == 0 ? ResourceEvent.Delete : ResourceEvent.Update) : ResourceEvent.Create;
            exists[i] = operation != ResourceEvent.Delete;
            _cache.Fold([Entries.Row(ordering, $"pods/default/p{i}", operation, Entries.Pod($"p{i}"), ++sequence[i])]);
            all.Add((ordering, $"p{i}"));
        }
        for (long from = 0; from <= 300; from += 37)
        {
            var watch = _cache.Watch("pods", from);
            var rest = new List<(long, string)>();
            while (watch.TryNext(out var change)) rest.Add((change.ResourceVersion, change.Entry.Name));
            rest.ShouldBe(all.Where(c => c.Version > from));
        }
    }

    [Fact]
    public async Task A_list_taken_while_rows_are_folded_and_its_watch_make_one_exact_history()
    {
        const int rows = 3000;
        var folding = Task.Run(() =>
        {
            // Groups of three: create, update, delete of ever new pods, so that a half-folded group shows.
            for (long i = 1; i <= rows; i += 3)
                _cache.Fold([Entries.Row(i, $"pods/default/p{i}", ResourceEvent.Create, Entries.Pod($"p{i}")), Entries.Row(i + 1, $"pods/default/p{i}", ResourceEvent.Update, Entries.Pod($"p{i}", node: "n"), 2),
                    Entries.Row(i + 2, $"pods/default/p{i}", ResourceEvent.Delete, Entries.Pod($"p{i}", node: "n"), 3)]);
        });
        while (!folding.IsCompleted)
        {
            var (entries, version) = _cache.Snapshot("pods");
            var alive = entries.Select(e => e.Name).ToHashSet();
            var watch = _cache.Watch("pods", version);
            for (var i = 0; i < 20 && watch.TryNext(out var change); i++)
            {
                change!.ResourceVersion.ShouldBeGreaterThan(version);
                if (change.Type == ChangeType.Added) alive.Add(change.Entry.Name).ShouldBeTrue();
                else if (change.Type == ChangeType.Deleted) alive.Remove(change.Entry.Name).ShouldBeTrue();
                else alive.ShouldContain(change.Entry.Name);
            }
        }
        await folding;
    }

    [Fact]
    public void A_watch_from_before_the_window_is_expired()
    {
        for (var i = 1; i <= 10; i++) _cache.Fold([Entries.Row(i, "pods/default/a", i == 1 ? ResourceEvent.Create : ResourceEvent.Update, Entries.Pod("a"), i)]);
        _cache.Forget(6);
        Should.Throw<StatusException>(() => _cache.Watch("pods", 5)).Status.Code.ShouldBe(410);
        var watch = _cache.Watch("pods", 6);
        watch.TryNext(out var first).ShouldBeTrue();
        first!.ResourceVersion.ShouldBe(7);
    }

    [Fact]
    public async Task Waiting_for_a_version_ends_when_it_is_folded()
    {
        var waiting = _cache.WaitForAsync(2);
        _cache.Fold([Entries.Row(1, "pods/default/a", ResourceEvent.Create, Entries.Pod("a"))]);
        waiting.IsCompleted.ShouldBeFalse();
        _cache.Fold([Entries.Row(2, "pods/default/a", ResourceEvent.Update, Entries.Pod("a"), 2)]);
        await waiting.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
    }

    [Fact]
    public async Task A_waiting_watcher_is_woken_by_a_change_of_its_resource()
    {
        var watch = _cache.Watch("pods", 0);
        watch.TryNext(out _).ShouldBeFalse();
        var waiting = watch.WaitAsync(CancellationToken.None);
        _cache.Fold([Entries.Row(1, "configmaps/default/c", ResourceEvent.Create, """{"metadata":{"name":"c"}}""")]);
        waiting.IsCompleted.ShouldBeFalse();
        _cache.Fold([Entries.Row(2, "pods/default/a", ResourceEvent.Create, Entries.Pod("a"))]);
        await waiting.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
        watch.TryNext(out _).ShouldBeTrue();
    }

    [Fact]
    public void Secrets_are_sealed_at_rest_and_cannot_be_moved_to_another_object()
    {
        var key = new byte[32];
        key[3] = 9;
        var sealer = new SecretSealer([key]);
        var plain = Encoding.UTF8.GetBytes("""{"metadata":{"name":"s"},"data":{"password":"c3dvcmRmaXNo"}}""");
        var payload = sealer.Seal("secrets", "secrets/default/s", plain);
        Encoding.Latin1.GetString(payload.Span).ShouldNotContain("c3dvcmRmaXNo");
        sealer.Open("secrets", "secrets/default/s", payload).ToArray().ShouldBe(plain);
        Should.Throw<System.Security.Cryptography.CryptographicException>(() => sealer.Open("secrets", "secrets/default/other", payload));
        // Rotation: the new key seals, the old one still opens.
        new SecretSealer([new byte[32], key]).Open("secrets", "secrets/default/s", payload).ToArray().ShouldBe(plain);
        Should.Throw<System.Security.Cryptography.CryptographicException>(() => new SecretSealer([new byte[32]]).Open("secrets", "secrets/default/s", payload));
        sealer.Seal("configmaps", "configmaps/default/c", plain).ToArray().ShouldBe(plain);
    }
}
