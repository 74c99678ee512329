namespace Orchestrator.Api.Watching;

/// <summary>Bounds each write to a client: a write that is not taken within the limit is cancelled. One timer, armed only around writes that wait.</summary>
internal sealed class WriteDeadlineSource(TimeProvider time, TimeSpan limit, CancellationToken stop) : IDisposable
{
    private readonly CancellationTokenSource _late = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>Whether a write was cut off.</summary>
    public bool Exceeded => _late.IsCancellationRequested;

    /// <summary>Runs a write.</summary>
    public async ValueTask RunAsync(Func<CancellationToken, ValueTask> write)
    {
        var pending = write(Token);
        if (pending.IsCompletedSuccessfully) return;
        _late.CancelAfter(limit);
        await pending;
        _late.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private CancellationTokenSource? _both;

    private CancellationToken Token => (_both ??= CancellationTokenSource.CreateLinkedTokenSource(stop, _late.Token)).Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _both?.Dispose();
        _late.Dispose();
    }
}
