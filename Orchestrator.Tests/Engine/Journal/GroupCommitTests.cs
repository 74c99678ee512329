using System.Data.Common;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Journal;

/// <summary>The writer of a SQL journal against a database that fails on demand.</summary>
public sealed class GroupCommitTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly FailingDatabase _database = new();
    private readonly CommitFeed _feed = new(0);
    private readonly GroupCommit _writer;

    public GroupCommitTests() => _writer = new GroupCommit(_database, _feed, TimeProvider.System, 0, 0);

    public async ValueTask DisposeAsync() => await _writer.DisposeAsync();

    [Fact]
    public async Task What_arrives_during_a_commit_shares_the_next_transaction()
    {
        var gate = _database.HoldCommits();
        var first = Write("a");
        await gate.Reached.Task.WaitAsync(Deadline);
        var others = Enumerable.Range(0, 100).Select(i => Write($"b{i}")).ToList();
        gate.Release.SetResult();
        (await first.WaitAsync(Deadline)).ShouldBe(1);
        (await Task.WhenAll(others).WaitAsync(Deadline)).ShouldBe(Enumerable.Range(2, 100).Select(i => (long)i));
        _database.Commits.ShouldBe([1, 100]);
    }

    [Fact]
    public async Task A_failed_commit_is_no_success_for_anybody_and_the_next_group_takes_its_place()
    {
        var given = new List<long>();
        using var subscription = await _feed.AddAsync(0, rows => given.AddRange(rows.Select(row => row.Ordering)), (_, _) => throw new NotSupportedException());
        _database.Failure = new IOException("disk full");
        await Should.ThrowAsync<IOException>(Write("a"));
        _feed.Head.ShouldBe(0);
        _database.Failure = null;
        (await Write("a")).ShouldBe(1);
        given.ShouldBe([1]);
    }

    [Fact]
    public async Task After_an_error_that_leaves_the_outcome_unknown_nothing_more_is_written()
    {
        _database.Failure = new JournalUnusableException("broken");
        await Should.ThrowAsync<JournalUnusableException>(Write("a"));
        _database.Failure = null;
        (await Should.ThrowAsync<JournalUnusableException>(Write("b"))).Message.ShouldBe("broken");
        await Should.ThrowAsync<JournalUnusableException>(_writer.RunAsync(() => 1));
        _database.Commits.ShouldBeEmpty();
    }

    [Fact]
    public async Task Writes_of_one_number_go_into_batches_of_their_own()
    {
        var gate = _database.HoldCommits();
        var first = Write("x");
        await gate.Reached.Task.WaitAsync(Deadline);
        var writes = new[] { "a", "b", "a", "c", "a" }.Select(Write).ToList();
        gate.Release.SetResult();
        await Task.WhenAll([first, .. writes]).WaitAsync(Deadline);
        _database.Commits.ShouldBe([1, 2, 2, 1]);
    }

    [Fact]
    public async Task A_flood_is_cut_into_groups_of_bounded_size()
    {
        var gate = _database.HoldCommits();
        var first = Write("a");
        await gate.Reached.Task.WaitAsync(Deadline);
        var large = new byte[6 << 20];
        var writes = Enumerable.Range(0, 6).Select(i => _writer.WriteAsync([new JournalWrite($"b{i}", 1, "create", large)], default)).ToList();
        gate.Release.SetResult();
        await Task.WhenAll([first, .. writes]).WaitAsync(Deadline);
        _database.Commits.ShouldBe([1, 2, 2, 2]);
    }

    private Task<long> Write(string id) => _writer.WriteAsync([new JournalWrite(id, 1, "create", default)], default);

    private sealed class Gate
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class FailingDatabase : IJournalDatabase
    {
        private Gate? _gate;
        private long _head;

        public bool IsExclusive => true;

        public string BeginSnapshot => throw new NotSupportedException();

        public string LiveMember => throw new NotSupportedException();

        public string RemoveMembers => throw new NotSupportedException();

        public string RestoreTime => throw new NotSupportedException();

        public Exception? Failure { get; set; }

        /// <summary>Rows of each committed transaction.</summary>
        public List<int> Commits { get; } = [];

        /// <summary>The next commit waits for the gate.</summary>
        public Gate HoldCommits() => _gate = new Gate();

        public Appended Append(AppendBatch batch)
        {
            if (Interlocked.Exchange(ref _gate, null) is { } gate)
            {
                gate.Reached.SetResult();
                gate.Release.Task.Wait(Deadline).ShouldBeTrue();
            }
            if (Failure is not null) throw Failure;
            var before = _head;
            _head += batch.Rows.Count;
            Commits.Add(batch.Rows.Count);
            return new Appended(before, batch.Now, null);
        }

        public ValueTask<DbConnection> ConnectAsync(CancellationToken cancel) => throw new NotSupportedException();

        public ValueTask<IAsyncDisposable> LockCompactionAsync(CancellationToken cancel) => throw new NotSupportedException();

        public JournalUnusableException? Diagnose(Exception error) => error as JournalUnusableException;

        public TimeSpan? RetryAfter(Exception error, int attempt) => null;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
