using System.Text;
using Npgsql;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql;
using Orchestrator.Engine.Persistence.Sql.Postgres;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Orchestrator.Tests.Engine.Journal;

/// <summary>Several members on one database.</summary>
[Trait("Needs", "postgres")]
public sealed class SharedJournalTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly List<IAsyncDisposable> _open = [];
    private string _database = null!;

    public async Task InitializeAsync() => _database = await (await PostgresServer.Shared).CreateDatabaseAsync();

    public async Task DisposeAsync()
    {
        foreach (var each in Enumerable.Reverse(_open)) await each.DisposeAsync();
    }

    [Fact]
    public async Task Two_members_that_write_at_once_leave_no_gap_and_both_are_given_everything_in_the_same_order()
    {
        const int writers = 12, each = 60;
        var (one, two) = (await OpenAsync("m1"), await OpenAsync("m2"));
        var (seenByOne, seenByTwo) = (await FollowAsync(one), await FollowAsync(two));
        var orderings = await Task.WhenAll(Enumerable.Range(0, writers).Select(async writer =>
        {
            var mine = new List<long>();
            for (var i = 1; i <= each; i++) mine.Add(await WriteAsync(writer % 2 == 0 ? one : two, $"w{writer}", i));
            return mine;
        }));
        var total = writers * each;
        orderings.SelectMany(mine => mine).Order().ShouldBe(Enumerable.Range(1, total).Select(i => (long)i));
        await Task.WhenAll(one.WaitForHeadAsync(total).AsTask(), two.WaitForHeadAsync(total).AsTask()).WaitAsync(Deadline);
        seenByOne.ToArray().ShouldBe(seenByTwo.ToArray());
        seenByOne.Select(row => row.Ordering).ShouldBe(Enumerable.Range(1, total).Select(i => (long)i));
    }

    [Fact]
    public async Task What_one_member_was_answered_another_reads()
    {
        var (one, two) = (await OpenAsync("m1"), await OpenAsync("m2"));
        var seen = await FollowAsync(two);
        for (var i = 1; i <= 200; i++)
        {
            var ordering = await WriteAsync(one, "a", i);
            var head = await two.ReadHeadAsync();
            head.ShouldBeGreaterThanOrEqualTo(ordering);
            await two.WaitForHeadAsync(head).AsTask().WaitAsync(Deadline);
            seen.Count.ShouldBe(i);
        }
    }

    [Fact]
    public async Task Subscriptions_that_begin_while_both_members_write_see_every_row_once()
    {
        var (one, two) = (await OpenAsync("m1"), await OpenAsync("m2"));
        var writing = Task.WhenAll(new[] { one, two }.Select(async (journal, index) =>
        {
            for (var i = 1; i <= 300; i++) await WriteAsync(journal, $"w{index}", i);
        }));
        var feeds = new List<List<Seen>>();
        while (!writing.IsCompleted)
        {
            feeds.Add(await FollowAsync(feeds.Count % 2 == 0 ? one : two));
            await Task.Yield();
            if (feeds.Count == 50) break;
        }
        await writing;
        await Task.WhenAll(one.WaitForHeadAsync(600).AsTask(), two.WaitForHeadAsync(600).AsTask()).WaitAsync(Deadline);
        feeds.ShouldNotBeEmpty();
        foreach (var feed in feeds) feed.Select(row => row.Ordering).ShouldBe(Enumerable.Range(1, 600).Select(i => (long)i));
    }

    [Fact]
    public async Task A_number_taken_by_another_member_is_refused_and_the_rest_of_the_group_written()
    {
        var (one, two) = (await OpenAsync("m1"), await OpenAsync("m2"));
        await WriteAsync(one, "same", 1);
        var writes = Enumerable.Range(0, 20).Select(i => two.WriteAsync([Row($"other{i}", 1), Row(i == 7 ? "same" : $"more{i}", 1)]).AsTask()).ToList();
        await Should.ThrowAsync<ConcurrentWriterException>(writes[7]);
        writes.RemoveAt(7);
        await Task.WhenAll(writes);
        (await two.ReadHeadAsync()).ShouldBe(39);
        (await two.LatestAsync("other7")).ShouldBeNull();
    }

    [Fact]
    public async Task One_member_that_is_fenced_does_not_hinder_the_other_and_writes_again_at_its_new_epoch()
    {
        var (one, two) = (await OpenAsync("m1"), await OpenAsync("m2"));
        await PostgresMember.FenceAsync(_database, "m1");
        await Should.ThrowAsync<FencedException>(async () => await WriteAsync(one, "a", 1));
        (await WriteAsync(two, "a", 1)).ShouldBe(1);
        await one.WriteAsAsync("m1", await PostgresMember.JoinAsync(_database, "m1"));
        (await WriteAsync(one, "a", 2)).ShouldBe(2);
    }

    [Fact]
    public async Task A_write_whose_answer_is_lost_after_the_commit_is_answered_with_where_it_is()
    {
        await using var proxy = new CuttingProxy((await PostgresServer.Shared).Port);
        // Connections without a say in the matter: the writer is the only one that asks here.
        var one = await OpenAsync("m1", proxy.Port);
        await WriteAsync(one, "a", 1);
        var seen = await FollowAsync(one);
        proxy.SwallowNextAnswer();
        (await one.WriteAsync([Row("a", 2), Row("b", 1)]).AsTask().WaitAsync(Deadline)).ShouldBe(2);
        (await WriteAsync(one, "a", 3)).ShouldBe(4);
        seen.Select(row => row.Ordering).ShouldBe([1, 2, 3, 4]);
    }

    [Fact]
    public async Task Writes_over_a_line_that_is_cut_again_and_again_are_all_written_exactly_once()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var proxy = new CuttingProxy((await PostgresServer.Shared).Port);
        var (one, two) = (await OpenAsync("m1", proxy.Port), await OpenAsync("m2"));
        var (seenByOne, seenByTwo) = (await FollowAsync(one), await FollowAsync(two));
        var orderings = new List<long>();
        var writing = Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            for (var i = 1; i <= 150; i++)
            {
                var ordering = await WriteAsync(writer < 6 ? one : two, $"w{writer}", i);
                lock (orderings) orderings.Add(ordering);
            }
        }));
        var cuts = 0;
        while (!writing.IsCompleted && cuts < 60)
        {
            if (random.Next(2) == 0) proxy.Cut();
            else proxy.SwallowNextAnswer();
            cuts++;
            await Task.WhenAny(writing, Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 60)), TimeProvider.System));
        }
        await writing.WaitAsync(Deadline);
        output.WriteLine($"{cuts} cuts");
        orderings.Order().ShouldBe(Enumerable.Range(1, 1200).Select(i => (long)i), $"seed {seed}");
        await Task.WhenAll(one.WaitForHeadAsync(1200).AsTask(), two.WaitForHeadAsync(1200).AsTask()).WaitAsync(Deadline);
        seenByOne.ToArray().ShouldBe(seenByTwo.ToArray(), $"seed {seed}");
    }

    [Fact]
    public async Task A_member_fenced_while_its_line_is_cut_is_told_the_truth_about_what_was_under_way()
    {
        await using var proxy = new CuttingProxy((await PostgresServer.Shared).Port);
        var one = await OpenAsync("m1", proxy.Port);
        await WriteAsync(one, "a", 1);
        proxy.SwallowNextAnswer();
        proxy.Refusing = false;
        var committed = WriteAsync(one, "a", 2).AsTask();
        (await committed.WaitAsync(Deadline)).ShouldBe(2);

        proxy.Refusing = true;
        var lost = WriteAsync(one, "a", 3).AsTask();
        await PostgresMember.FenceAsync(_database, "m1");
        proxy.Refusing = false;
        await Should.ThrowAsync<FencedException>(lost.WaitAsync(Deadline));
        (await one.LatestAsync("a")).ShouldNotBeNull().SequenceNr.ShouldBe(2);
    }

    [Fact]
    public async Task A_lost_write_is_not_taken_for_another_members_that_is_byte_for_byte_the_same()
    {
        await using var proxy = new CuttingProxy((await PostgresServer.Shared).Port);
        var (one, two) = (await OpenAsync("m1", proxy.Port), await OpenAsync("m2"));
        await WriteAsync(one, "a", 1);
        proxy.Refusing = true;
        var lost = WriteAsync(one, "a", 2).AsTask();
        await WriteAsync(two, "a", 2);
        proxy.Refusing = false;
        await Should.ThrowAsync<ConcurrentWriterException>(lost.WaitAsync(Deadline));
    }

    [Fact]
    public async Task A_lost_answer_that_refused_some_writes_of_a_group_refuses_the_same_when_it_is_found_again()
    {
        await using var proxy = new CuttingProxy((await PostgresServer.Shared).Port);
        var one = await OpenAsync("m1", proxy.Port);
        await WriteAsync(one, "taken", 1);
        proxy.Refusing = true;
        // While the line is cut the first write waits for it, and the others make up the next group.
        var first = WriteAsync(one, "first", 1).AsTask();
        var group = new[] { Row("x", 1), Row("taken", 1), Row("y", 1) }.Select(row => one.WriteAsync([row]).AsTask()).ToList();
        proxy.Refusing = false;
        (await first.WaitAsync(Deadline)).ShouldBe(2);
        await Should.ThrowAsync<ConcurrentWriterException>(group[1].WaitAsync(Deadline));
        ((await group[0]), (await group[2])).ShouldBe((3, 4));
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("immediate")]
    public async Task Both_members_outlive_restarts_of_the_database_and_nothing_acknowledged_is_lost(string mode)
    {
        await using var server = await PostgresServer.StartAsync();
        _database = await server.CreateDatabaseAsync();
        var (one, two) = (await OpenAsync("m1"), await OpenAsync("m2"));
        var (seenByOne, seenByTwo) = (await FollowAsync(one), await FollowAsync(two));
        using var stop = new CancellationTokenSource();
        var acknowledged = new List<(string Id, long Number, long Ordering)>();
        var writing = Task.WhenAll(Enumerable.Range(0, 6).Select(async writer =>
        {
            for (var i = 1; !stop.IsCancellationRequested; i++)
            {
                var ordering = await WriteAsync(writer % 2 == 0 ? one : two, $"w{writer}", i);
                lock (acknowledged) acknowledged.Add(($"w{writer}", i, ordering));
            }
        }));
        for (var restart = 0; restart < 3; restart++)
        {
            await UntilAsync(() => Count(acknowledged) >= (restart + 1) * 50);
            await server.StopAsync(mode);
            var before = Count(acknowledged);
            await server.StartAgainAsync();
            await UntilAsync(() => Count(acknowledged) > before + 10);
        }
        await stop.CancelAsync();
        await writing.WaitAsync(Deadline);
        output.WriteLine($"{acknowledged.Count} acknowledged");
        var head = await one.ReadHeadAsync();
        await Task.WhenAll(one.WaitForHeadAsync(head).AsTask(), two.WaitForHeadAsync(head).AsTask()).WaitAsync(Deadline);
        seenByOne.ToArray().ShouldBe(seenByTwo.ToArray());
        seenByOne.Select(row => row.Ordering).ShouldBe(Enumerable.Range(1, (int)head).Select(i => (long)i));
        acknowledged.Select(write => new Seen(write.Ordering, write.Id, write.Number)).OrderBy(row => row.Ordering).ShouldBe(seenByOne);
    }

    [Fact]
    public async Task A_journal_whose_database_is_gone_closes_and_says_what_it_does_not_know()
    {
        await using var proxy = new CuttingProxy((await PostgresServer.Shared).Port);
        var one = await OpenAsync("m1", proxy.Port);
        await WriteAsync(one, "a", 1);
        proxy.Refusing = true;
        var write = WriteAsync(one, "a", 2).AsTask();
        await one.DisposeAsync().AsTask().WaitAsync(Deadline);
        (await Should.ThrowAsync<JournalUnusableException>(write)).Message.ShouldContain("Whether the last writes are in it");
        await one.DisposeAsync();
    }

    [Fact]
    public async Task A_member_that_was_cut_off_while_history_was_compacted_says_so_instead_of_skipping_it()
    {
        await using var proxy = new CuttingProxy((await PostgresServer.Shared).Port);
        var (one, two) = (await OpenAsync("m1", proxy.Port), await OpenAsync("m2"));
        await WriteAsync(one, "a", 1);
        proxy.Refusing = true;
        await two.WriteAsync([new JournalWrite("a", 2, IJournal.Tombstone, default)]);
        await WriteAsync(two, "b", 1);
        (await two.CompactAsync(3)).ShouldBe(2);
        proxy.Refusing = false;
        var error = await Should.ThrowAsync<JournalUnusableException>(one.WaitForHeadAsync(3).AsTask().WaitAsync(Deadline));
        error.Message.ShouldContain("longer than the journal's retention");
        await Should.ThrowAsync<JournalUnusableException>(async () => await WriteAsync(one, "c", 1));
    }

    [Fact]
    public async Task Members_that_compact_at_once_take_turns_and_both_know_how_far_it_went()
    {
        var (one, two) = (await OpenAsync("m1"), await OpenAsync("m2"));
        for (var i = 1; i <= 3; i++) await one.WriteAsync([.. Enumerable.Range(0, 1000).Select(id => Row($"e{id}", i))]);
        await two.WaitForHeadAsync(3000).AsTask().WaitAsync(Deadline);
        var dropped = await Task.WhenAll(one.CompactAsync(2000).AsTask(), two.CompactAsync(1500).AsTask()).WaitAsync(Deadline);
        dropped.Sum().ShouldBe(2000);
        (await two.CompactAsync(1)).ShouldBe(0);
        (one.CompactedTo, two.CompactedTo).ShouldBe((2000, 2000));
    }

    [Fact]
    public async Task A_database_that_holds_something_else_is_refused()
    {
        await PostgresMember.ScalarAsync(_database, "CREATE TABLE customers (name text)");
        var error = await Should.ThrowAsync<JournalUnusableException>(async () => await PostgresJournal.OpenAsync(new PostgresSettings(_database)));
        error.Message.ShouldContain("tables of another program");
    }

    [Fact]
    public async Task A_newer_version_of_the_tables_is_refused()
    {
        await OpenAsync("m1");
        await PostgresMember.ScalarAsync(_database, "UPDATE meta SET value = 99 WHERE name = 'version'");
        (await Should.ThrowAsync<JournalUnusableException>(async () => await OpenAsync("m2"))).Message.ShouldContain("version 99");
    }

    [Fact]
    public async Task A_database_that_does_not_exist_or_cannot_be_reached_is_named_in_words()
    {
        var server = await PostgresServer.Shared;
        var missing = await Should.ThrowAsync<JournalUnusableException>(async () => await PostgresJournal.OpenAsync(new PostgresSettings(server.ConnectionString("nowhere"))));
        missing.Message.ShouldContain("database nowhere");
        missing.Message.ShouldContain("does not exist");
        var unreachable = new PostgresSettings("Host=127.0.0.1;Port=1;Database=x;Username=x") { OpenPatience = TimeSpan.FromMilliseconds(50) };
        (await Should.ThrowAsync<JournalUnusableException>(async () => await PostgresJournal.OpenAsync(unreachable))).Message.ShouldContain("cannot be reached");
    }

    private async Task<PostgresJournal> OpenAsync(string id, int? port = null)
    {
        var through = port is { } proxy ? new NpgsqlConnectionStringBuilder(_database) { Port = proxy }.ToString() : _database;
        var journal = await PostgresJournal.OpenAsync(new PostgresSettings(through));
        _open.Add(journal);
        await journal.WriteAsAsync(id, await PostgresMember.JoinAsync(_database, id));
        return journal;
    }

    private static async Task<List<Seen>> FollowAsync(IJournal journal)
    {
        var seen = new List<Seen>();
        await journal.SubscribeAsync(0, rows => seen.AddRange(rows.Select(row => new Seen(row.Ordering, row.PersistenceId, row.SequenceNr))));
        return seen;
    }

    private readonly record struct Seen(long Ordering, string Id, long Number);

    private static JournalWrite Row(string id, long number) => new(id, number, "update", Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","nr":{{number}}}"""));

    private static ValueTask<long> WriteAsync(IJournal journal, string id, long number) => journal.WriteAsync([Row(id, number)]);

    private static int Count<T>(List<T> list)
    {
        lock (list) return list.Count;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(Deadline);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
