using System.Threading.Channels;

namespace Orchestrator.Bench.Rows;

/// <summary>
/// The floor of concurrent durable writes: clients that each hand over a row and wait until it is committed, and one loop that commits everything that
/// waits as one transaction. Nothing is checked, folded or kept.
/// </summary>
internal sealed class RawGroupCommit : IAsyncDisposable
{
    private readonly Action<IReadOnlyList<RawRow>> _append;
    private readonly Channel<(RawRow Row, TaskCompletionSource Committed)> _waiting = Channel.CreateUnbounded<(RawRow, TaskCompletionSource)>(new() { SingleReader = true });
    private readonly Task _writer;

    /// <param name="append">Commits some rows as one durable transaction.</param>
    public RawGroupCommit(Action<IReadOnlyList<RawRow>> append)
    {
        _append = append;
        _writer = Task.Factory.StartNew(RunAsync, TaskCreationOptions.LongRunning).Unwrap();
    }

    /// <summary>Completes when the row is committed.</summary>
    public Task WriteAsync(RawRow row)
    {
        var committed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Writer.TryWrite((row, committed));
        return committed.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.Complete();
        await _writer;
    }

    private async Task RunAsync()
    {
        var group = new List<(RawRow Row, TaskCompletionSource Committed)>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (_waiting.Reader.TryRead(out var next)) group.Add(next);
            _append([.. group.Select(write => write.Row)]);
            foreach (var (_, committed) in group) committed.SetResult();
            group.Clear();
        }
    }
}
