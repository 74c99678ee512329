using System.Text;
using Orchestrator.Engine.Persistence;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Journal;

/// <summary>What every journal must do, whatever keeps it. A provider's test class says how to open one and how to fence it.</summary>
public abstract class JournalSuite : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>The journal under test.</summary>
    protected IJournal Journal { get; private set; } = null!;

    /// <summary>Opens the test's journal, empty at first; after it was closed or abandoned, with what it held.</summary>
    protected abstract ValueTask<IJournal> OpenAsync();

    /// <summary>Makes the open journal's member no longer <c>up</c> at its epoch, as the leader would.</summary>
    protected abstract Task FenceAsync();

    /// <summary>False where the journal is gone with its process.</summary>
    protected virtual bool Survives => true;

    public virtual async Task InitializeAsync() => Journal = await OpenAsync();

    public virtual async Task DisposeAsync() => await Journal.DisposeAsync().AsTask().WaitAsync(Deadline);

    protected async Task ReopenAsync()
    {
        await Journal.DisposeAsync();
        Journal = await OpenAsync();
    }

    [Fact]
    public async Task An_empty_journal_has_head_zero_and_nothing_to_read()
    {
        Journal.Head.ShouldBe(0);
        Journal.CompactedTo.ShouldBe(0);
        (await Journal.ReadDroppedToAsync()).ShouldBe(0);
        (await Journal.ReadHeadAsync()).ShouldBe(0);
        (await Journal.LatestAsync("pod/a")).ShouldBeNull();
        (await ReadAsync(0, long.MaxValue)).ShouldBeEmpty();
        (await Journal.OrderingAtAsync(DateTimeOffset.MaxValue)).ShouldBe(0);
    }

    [Fact]
    public async Task A_written_row_comes_back_byte_for_byte()
    {
        var payload = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var ordering = await Journal.WriteAsync([new JournalWrite("pod/ns/ü 名", 1, "create", payload)]);

        ordering.ShouldBe(1);
        Journal.Head.ShouldBe(1);
        (await Journal.ReadHeadAsync()).ShouldBe(1);
        var row = (await Journal.LatestAsync("pod/ns/ü 名")).ShouldNotBeNull();
        row.Ordering.ShouldBe(1);
        row.SequenceNr.ShouldBe(1);
        row.Operation.ShouldBe("create");
        row.Payload.ToArray().ShouldBe(payload);
        row.WrittenAt.ShouldBeInRange(TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow().AddMinutes(1));
    }

    [Fact]
    public async Task An_empty_payload_stays_empty()
    {
        await Journal.WriteAsync([new JournalWrite("a", 1, IJournal.Tombstone, default)]);
        (await Journal.LatestAsync("a")).ShouldNotBeNull().Payload.Length.ShouldBe(0);
    }

    [Fact]
    public async Task A_batch_takes_consecutive_orderings_and_returns_the_first()
    {
        await WriteAsync("a", 1);
        (await Journal.WriteAsync([Row("b", 1), Row("c", 1), Row("b", 2)])).ShouldBe(2);
        (await ReadAsync(0, 4)).Select(row => (row.Ordering, row.PersistenceId, row.SequenceNr))
            .ShouldBe([(1, "a", 1), (2, "b", 1), (3, "c", 1), (4, "b", 2)]);
    }

    [Fact]
    public async Task A_batch_with_a_taken_number_writes_nothing()
    {
        await WriteAsync("a", 1);
        var error = await Should.ThrowAsync<ConcurrentWriterException>(async () => await Journal.WriteAsync([Row("b", 1), Row("a", 1), Row("c", 1)]));
        error.Message.ShouldContain("a ");
        Journal.Head.ShouldBe(1);
        (await ReadAsync(0, 10)).Count.ShouldBe(1);
        (await WriteAsync("b", 1)).ShouldBe(2);
    }

    [Fact]
    public async Task A_batch_that_takes_one_number_twice_writes_nothing()
    {
        await Should.ThrowAsync<ConcurrentWriterException>(async () => await Journal.WriteAsync([Row("a", 1), Row("a", 1)]));
        (await Journal.ReadHeadAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task An_empty_batch_is_refused() =>
        await Should.ThrowAsync<ArgumentException>(async () => await Journal.WriteAsync([]));

    [Theory]
    [InlineData(1, 5, 10, new long[] { 1, 2, 3, 4, 5 })]
    [InlineData(2, 4, 10, new long[] { 2, 3, 4 })]
    [InlineData(3, 3, 10, new long[] { 3 })]
    [InlineData(1, long.MaxValue, 2, new long[] { 1, 2 })]
    [InlineData(4, long.MaxValue, long.MaxValue, new long[] { 4, 5 })]
    [InlineData(6, long.MaxValue, 10, new long[0])]
    [InlineData(3, 2, 10, new long[0])]
    [InlineData(1, 5, 0, new long[0])]
    public async Task Replay_keeps_to_its_bounds(long from, long to, long max, long[] expected)
    {
        for (var i = 1; i <= 5; i++) await Journal.WriteAsync([Row("a", i), Row("b", i)]);
        var rows = await CollectAsync(Journal.ReplayAsync("a", from, to, max));
        rows.Select(row => row.SequenceNr).ShouldBe(expected);
        rows.ShouldAllBe(row => row.PersistenceId == "a");
    }

    [Theory]
    [InlineData(0, 3, new long[] { 1, 2, 3 })]
    [InlineData(1, 2, new long[] { 2 })]
    [InlineData(2, 100, new long[] { 3, 4 })]
    [InlineData(4, 100, new long[0])]
    [InlineData(3, 1, new long[0])]
    public async Task A_read_keeps_to_its_bounds(long after, long to, long[] expected)
    {
        for (var i = 1; i <= 4; i++) await WriteAsync("a", i);
        (await ReadAsync(after, to)).Select(row => row.Ordering).ShouldBe(expected);
    }

    [Fact]
    public async Task A_long_read_and_a_long_replay_lose_nothing_between_pages()
    {
        const int count = 3000;
        await Journal.WriteAsync([.. Enumerable.Range(1, count).Select(i => Row("a", i))]);
        (await ReadAsync(0, count)).Select(row => row.Ordering).ShouldBe(Enumerable.Range(1, count).Select(i => (long)i));
        (await CollectAsync(Journal.ReplayAsync("a", 1, long.MaxValue, 2500))).Select(row => row.SequenceNr)
            .ShouldBe(Enumerable.Range(1, 2500).Select(i => (long)i));
    }

    [Fact]
    public async Task Payloads_of_megabytes_come_back_whole()
    {
        var large = new byte[3 << 20];
        new Random(7).NextBytes(large);
        for (var i = 1; i <= 4; i++) await Journal.WriteAsync([new JournalWrite("a", i, "update", large)]);
        var rows = await ReadAsync(0, 4);
        rows.Count.ShouldBe(4);
        foreach (var row in rows) row.Payload.Span.SequenceEqual(large).ShouldBeTrue();
    }

    [Fact]
    public async Task Concurrent_writers_leave_no_gap_and_each_keeps_its_order()
    {
        const int writers = 32, each = 50;
        var seen = new List<JournalRow>();
        using var subscription = await Journal.SubscribeAsync(0, seen.AddRange);
        var results = await Task.WhenAll(Enumerable.Range(0, writers).Select(async writer =>
        {
            var orderings = new List<long>();
            for (var i = 1; i <= each; i++) orderings.Add(await WriteAsync($"w{writer}", i));
            return orderings;
        }));

        results.ShouldAllBe(orderings => orderings.SequenceEqual(orderings.Order()));
        results.SelectMany(orderings => orderings).Order().ShouldBe(Enumerable.Range(1, writers * each).Select(i => (long)i));
        seen.Select(row => row.Ordering).ShouldBe(Enumerable.Range(1, writers * each).Select(i => (long)i));
        (await ReadAsync(0, long.MaxValue)).Select(Identity).ShouldBe(seen.Select(Identity));
    }

    [Fact]
    public async Task Two_writers_of_one_number_get_one_winner_and_the_rest_of_their_group_is_written()
    {
        var writes = Enumerable.Range(0, 50).Select(i => (Id: i % 2 == 0 ? "same" : $"other{i}", Task: TryAsync(i % 2 == 0 ? "same" : $"other{i}"))).ToList();
        await Task.WhenAll(writes.Select(write => write.Task));
        var outcomes = writes.Where(write => write.Id == "same").Select(write => write.Task.Result).ToList();
        outcomes.Count(won => won).ShouldBe(1);
        writes.Where(write => write.Id != "same").ShouldAllBe(write => write.Task.Result);
        (await Journal.ReadHeadAsync()).ShouldBe(26);
        (await ReadAsync(0, 100)).Select(row => row.Ordering).ShouldBe(Enumerable.Range(1, 26).Select(i => (long)i));

        async Task<bool> TryAsync(string id)
        {
            try
            {
                await WriteAsync(id, 1);
                return true;
            }
            catch (ConcurrentWriterException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task A_fenced_writer_writes_nothing_more()
    {
        await WriteAsync("a", 1);
        await FenceAsync();
        await Should.ThrowAsync<FencedException>(async () => await WriteAsync("a", 2));
        await Should.ThrowAsync<FencedException>(async () => await Journal.WriteAsync([Row("b", 1), Row("c", 1)]));
        (await Journal.ReadHeadAsync()).ShouldBe(1);
        (await ReadAsync(0, 10)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_fenced_member_that_opens_again_writes_on_without_a_gap()
    {
        if (!Survives) return;
        await WriteAsync("a", 1);
        await FenceAsync();
        await Should.ThrowAsync<FencedException>(async () => await WriteAsync("a", 2));
        await ReopenAsync();
        (await WriteAsync("a", 2)).ShouldBe(2);
    }

    [Fact]
    public async Task What_was_committed_before_the_reply_got_out_is_there_and_not_written_twice()
    {
        if (!Survives) return;
        // The subscriber runs between the commit and the reply; the writer "crashes" there and asks again later.
        var committed = new TaskCompletionSource<long>();
        using (await Journal.SubscribeAsync(0, rows => committed.TrySetResult(rows[^1].Ordering)))
        {
            _ = WriteAsync("a", 1).AsTask();
            (await committed.Task.WaitAsync(Deadline)).ShouldBe(1);
        }
        await ReopenAsync();
        (await Journal.LatestAsync("a")).ShouldNotBeNull().SequenceNr.ShouldBe(1);
        await Should.ThrowAsync<ConcurrentWriterException>(async () => await WriteAsync("a", 1));
        (await WriteAsync("a", 2)).ShouldBe(2);
    }

    [Fact]
    public async Task Subscribers_are_given_rows_after_the_commit_and_before_the_reply()
    {
        var order = new List<string>();
        long committedHead = -1;
        using var subscription = await Journal.SubscribeAsync(0, rows =>
        {
            committedHead = Journal.ReadHeadAsync().AsTask().GetAwaiter().GetResult();
            lock (order) order.Add($"given {rows[0].Ordering}");
        });
        await WriteAsync("a", 1);
        lock (order) order.Add("answered");
        order.ShouldBe(["given 1", "answered"]);
        committedHead.ShouldBe(1);
    }

    [Fact]
    public async Task A_write_from_a_continuation_of_a_write_does_not_wait_for_itself()
    {
        // It may run on the journal's own thread, so it must not block; that it writes again from there is fine.
        var second = WriteAsync("a", 1).AsTask()
            .ContinueWith(_ => WriteAsync("a", 2).AsTask(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Unwrap();
        (await second.WaitAsync(Deadline)).ShouldBe(2);
    }

    [Fact]
    public async Task A_subscription_that_catches_up_sees_every_row_once_in_order()
    {
        const int writers = 8, each = 100;
        var writing = Task.WhenAll(Enumerable.Range(0, writers).Select(async writer =>
        {
            for (var i = 1; i <= each; i++) await WriteAsync($"w{writer}", i);
        }));
        var feeds = new List<(long After, List<JournalRow> Rows, IDisposable Subscription)>();
        for (var i = 0; i < 20; i++)
        {
            var rows = new List<JournalRow>();
            var after = Journal.Head / 2;
            feeds.Add((after, rows, await Journal.SubscribeAsync(after, rows.AddRange)));
        }
        await writing;

        foreach (var (after, rows, subscription) in feeds)
        {
            subscription.Dispose();
            rows.Select(row => row.Ordering).ShouldBe(Enumerable.Range((int)after + 1, (writers * each) - (int)after).Select(i => (long)i));
        }
    }

    [Fact]
    public async Task An_ended_subscription_is_given_nothing_more()
    {
        var rows = new List<JournalRow>();
        var subscription = await Journal.SubscribeAsync(0, rows.AddRange);
        await WriteAsync("a", 1);
        subscription.Dispose();
        await WriteAsync("a", 2);
        rows.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Compaction_drops_what_is_superseded_and_keeps_the_newest_row_of_each()
    {
        for (var i = 1; i <= 5; i++) await Journal.WriteAsync([Row("a", i), Row("b", i)]);
        (await Journal.CompactAsync(8)).ShouldBe(8);
        Journal.CompactedTo.ShouldBe(8);
        (await Journal.ReadDroppedToAsync()).ShouldBe(8);
        (await ReadAsync(0, 100)).Select(row => row.Ordering).ShouldBe([9, 10]);
        (await Journal.LatestAsync("a")).ShouldNotBeNull().SequenceNr.ShouldBe(5);
        (await CollectAsync(Journal.ReplayAsync("b", 1, 100, 100))).Select(row => row.SequenceNr).ShouldBe([5]);
    }

    [Fact]
    public async Task Compaction_keeps_what_is_inside_the_window_and_a_live_row_however_old()
    {
        await Journal.WriteAsync([Row("old", 1), Row("a", 1), Row("a", 2), Row("a", 3), Row("a", 4)]);
        (await Journal.CompactAsync(2)).ShouldBe(1);
        (await ReadAsync(0, 100)).Select(row => row.Ordering).ShouldBe([1, 3, 4, 5]);
        (await Journal.CompactAsync(4)).ShouldBe(2);
        (await ReadAsync(0, 100)).Select(row => row.Ordering).ShouldBe([1, 5]);
    }

    [Fact]
    public async Task A_row_that_was_the_newest_at_one_compaction_goes_at_a_later_one()
    {
        await WriteAsync("a", 1);
        await WriteAsync("b", 1);
        (await Journal.CompactAsync(2)).ShouldBe(0);
        await WriteAsync("a", 2);
        (await Journal.CompactAsync(2)).ShouldBe(1);
        (await ReadAsync(0, 100)).Select(row => row.PersistenceId).ShouldBe(["b", "a"]);
    }

    [Fact]
    public async Task Compaction_drops_a_tombstone_with_its_entity_and_numbers_go_on_until_then()
    {
        await WriteAsync("a", 1);
        await Journal.WriteAsync([new JournalWrite("a", 2, IJournal.Tombstone, "{}"u8.ToArray())]);
        // Deleted but inside the window: the highest number is kept, so a new object of that name goes on from it.
        (await Journal.LatestAsync("a")).ShouldNotBeNull().SequenceNr.ShouldBe(2);
        await Should.ThrowAsync<ConcurrentWriterException>(async () => await WriteAsync("a", 2));
        await WriteAsync("b", 1);

        (await Journal.CompactAsync(3)).ShouldBe(2);
        (await Journal.LatestAsync("a")).ShouldBeNull();
        (await ReadAsync(0, 100)).Select(row => row.PersistenceId).ShouldBe(["b"]);
        (await WriteAsync("a", 1)).ShouldBe(4);
    }

    [Fact]
    public async Task The_highest_number_is_kept_when_the_earlier_rows_are_dropped()
    {
        for (var i = 1; i <= 4; i++) await WriteAsync("a", i);
        await Journal.CompactAsync(4);
        (await Journal.LatestAsync("a")).ShouldNotBeNull().SequenceNr.ShouldBe(4);
        await Should.ThrowAsync<ConcurrentWriterException>(async () => await WriteAsync("a", 4));
        // A writer that was asleep since number 2 must not get in where its rival's row is compacted away.
        await Should.ThrowAsync<ConcurrentWriterException>(async () => await WriteAsync("a", 3));
        (await WriteAsync("a", 5)).ShouldBe(5);
    }

    [Fact]
    public async Task Numbers_are_checked_however_many_entities_were_written_since()
    {
        const int Entities = 10_000;
        for (var n = 1; n <= 2; n++) await Journal.WriteAsync([.. Enumerable.Range(1, Entities).Select(i => Row($"entity-{i}", n))]);
        await Journal.CompactAsync(2 * Entities);
        foreach (var entity in (string[])["entity-1", $"entity-{Entities}"])
        {
            await Should.ThrowAsync<ConcurrentWriterException>(async () => await WriteAsync(entity, 1));
            await Should.ThrowAsync<ConcurrentWriterException>(async () => await WriteAsync(entity, 2));
        }
        (await WriteAsync("entity-1", 3)).ShouldBe(2 * Entities + 1);
        (await WriteAsync($"entity-{Entities}", 3)).ShouldBe(2 * Entities + 2);
    }

    [Fact]
    public async Task Compaction_in_many_steps_goes_on_beside_writes()
    {
        await Journal.WriteAsync([.. Enumerable.Range(1, 5000).Select(i => Row("a", i))]);
        var compaction = Journal.CompactAsync(5000).AsTask();
        for (var i = 1; i <= 20; i++) await WriteAsync("b", i);
        (await compaction.WaitAsync(Deadline)).ShouldBeInRange(4999, 4999);
        (await ReadAsync(0, long.MaxValue)).Count.ShouldBe(21);
        Journal.Head.ShouldBe(5020);
    }

    [Fact]
    public async Task Everything_survives_closing_and_opening()
    {
        if (!Survives) return;
        for (var i = 1; i <= 4; i++) await WriteAsync("a", i);
        await Journal.CompactAsync(2);
        var before = (await ReadAsync(0, 100)).Select(Identity).ToList();

        await ReopenAsync();
        Journal.Head.ShouldBe(4);
        Journal.CompactedTo.ShouldBe(2);
        (await Journal.ReadHeadAsync()).ShouldBe(4);
        (await ReadAsync(0, 100)).Select(Identity).ShouldBe(before);
        (await WriteAsync("a", 5)).ShouldBe(5);
    }

    [Fact]
    public async Task The_retention_window_is_found_by_time()
    {
        await WriteAsync("a", 1);
        await WriteAsync("a", 2);
        var rows = await ReadAsync(0, 2);
        (await Journal.OrderingAtAsync(rows[0].WrittenAt - TimeSpan.FromSeconds(1))).ShouldBe(0);
        (await Journal.OrderingAtAsync(rows[1].WrittenAt)).ShouldBe(2);
        (await Journal.OrderingAtAsync(rows[1].WrittenAt + TimeSpan.FromDays(1))).ShouldBe(2);
    }

    [Fact]
    public async Task A_write_cancelled_before_it_began_is_not_written()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await Journal.WriteAsync([Row("a", 1)], cancelled.Token));
        (await WriteAsync("a", 1)).ShouldBe(1);
    }

    [Fact]
    public async Task Closing_commits_what_was_waiting_and_refuses_what_comes_later()
    {
        if (!Survives) return;
        var waiting = Enumerable.Range(1, 20).Select(i => WriteAsync($"p{i}", 1).AsTask()).ToList();
        await Journal.DisposeAsync();
        (await Task.WhenAll(waiting)).Order().ShouldBe(Enumerable.Range(1, 20).Select(i => (long)i));
        await Should.ThrowAsync<ObjectDisposedException>(async () => await WriteAsync("late", 1));
        Journal = await OpenAsync();
    }

    protected static JournalWrite Row(string id, long sequenceNr) =>
        new(id, sequenceNr, sequenceNr == 1 ? "create" : "update", Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","nr":{{sequenceNr}}}"""));

    protected ValueTask<long> WriteAsync(string id, long sequenceNr) => Journal.WriteAsync([Row(id, sequenceNr)]);

    protected Task<List<JournalRow>> ReadAsync(long after, long to) => CollectAsync(Journal.ReadAsync(after, to));

    protected static async Task<List<JournalRow>> CollectAsync(IAsyncEnumerable<JournalRow> rows)
    {
        var list = new List<JournalRow>();
        await foreach (var row in rows) list.Add(row);
        return list;
    }

    /// <summary>What makes a row what it is; records compare a payload by the memory it lies in.</summary>
    private static (long, string, long, string, string, DateTimeOffset) Identity(JournalRow row) =>
        (row.Ordering, row.PersistenceId, row.SequenceNr, row.Operation, Encoding.UTF8.GetString(row.Payload.Span), row.WrittenAt);
}
