namespace Orchestrator.Engine.Persistence;

/// <summary>Those who wait until a journal's head has reached an ordering. Costs nothing while nobody waits. Thread-safe.</summary>
internal sealed class HeadWaiters
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private int _count;
    private Exception? _failure;

    /// <summary>Completes when <see cref="Reached"/> is told of <paramref name="ordering"/> or more; <paramref name="head"/> is asked once more after the waiting has begun.</summary>
    public ValueTask WaitAsync(long ordering, Func<long> head, CancellationToken cancel)
    {
        if (head() >= ordering) return ValueTask.CompletedTask;
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_failure is { } failure) return ValueTask.FromException(failure);
            _waiting.Enqueue(waiter, ordering);
            Volatile.Write(ref _count, _waiting.Count);
        }
        // The head may have passed by between the first look and the enqueuing.
        Interlocked.MemoryBarrier();
        Reached(head());
        return new ValueTask(waiter.Task.WaitAsync(cancel));
    }

    /// <summary>The head is at <paramref name="head"/> now.</summary>
    public void Reached(long head)
    {
        if (Volatile.Read(ref _count) == 0) return;
        lock (_lock)
        {
            while (_waiting.TryPeek(out var waiter, out var ordering) && ordering <= head)
            {
                _waiting.Dequeue();
                waiter.TrySetResult();
            }
            Volatile.Write(ref _count, _waiting.Count);
        }
    }

    /// <summary>The head will never move again.</summary>
    public void Fail(Exception failure)
    {
        lock (_lock)
        {
            _failure ??= failure;
            while (_waiting.TryDequeue(out var waiter, out _)) waiter.TrySetException(failure);
            Volatile.Write(ref _count, 0);
        }
    }
}
