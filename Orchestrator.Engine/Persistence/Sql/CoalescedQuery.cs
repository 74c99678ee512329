namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>
/// One query that many ask at once: those who ask while it runs share the next run. Nobody gets the result of a run that began before he asked, so
/// the answer is as fresh as a query of his own. Thread-safe.
/// </summary>
internal sealed class CoalescedQuery<T>(Func<Task<T>> query)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource<T>? _next;
    private bool _running;

    /// <summary>A result of a run that begins from now on. A cancellation gives up this wait only.</summary>
    public ValueTask<T> AskAsync(CancellationToken cancel)
    {
        TaskCompletionSource<T> mine;
        bool begins;
        lock (_lock)
        {
            mine = _next ??= new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            begins = !_running;
            _running = true;
        }
        if (begins) _ = RunAsync();
        return new ValueTask<T>(mine.Task.WaitAsync(cancel));
    }

    private async Task RunAsync()
    {
        for (; ; )
        {
            TaskCompletionSource<T> asked;
            lock (_lock)
            {
                if (_next is null)
                {
                    _running = false;
                    return;
                }
                asked = _next;
                _next = null;
            }
            try
            {
                asked.SetResult(await query().ConfigureAwait(false));
            }
#pragma warning disable CA1031 // handed to everybody who asked
            catch (Exception error)
#pragma warning restore CA1031
            {
                asked.SetException(error);
            }
        }
    }
}
