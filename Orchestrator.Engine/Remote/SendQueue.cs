using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

/// <summary>
/// What waits to be sent to one system, in three lanes: the engine's own (watches, heartbeats, the talk of regions and coordinators), which never waits behind the
/// rest; messages, in order, up to a limit; and bytes of streams, which share the connection with messages and are limited by their credit. Any
/// thread adds; one at a time takes.
/// </summary>
internal sealed class SendQueue(int limit)
{
    private readonly SemaphoreSlim _arrived = new(0);
    private MpscQueue<Outbound> _control;
    private MpscQueue<Outbound> _messages;
    private MpscQueue<Outbound> _bulk;
    private int _messageCount;
    private int _idle;

    /// <summary>Messages that wait.</summary>
    public int MessageCount => Volatile.Read(ref _messageCount);

    public bool IsEmpty => _control.IsEmpty && _messages.IsEmpty && _bulk.IsEmpty;

    public void AddControl(Outbound item)
    {
        _control.Enqueue(item);
        Wake();
    }

    /// <summary>False where the limit is reached.</summary>
    public bool TryAddMessage(Outbound item)
    {
        if (Interlocked.Increment(ref _messageCount) > limit)
        {
            Interlocked.Decrement(ref _messageCount);
            return false;
        }

        _messages.Enqueue(item);
        Wake();
        return true;
    }

    /// <summary>For what must keep its place behind messages and must not be lost.</summary>
    public void AddInOrder(Outbound item)
    {
        Interlocked.Increment(ref _messageCount);
        _messages.Enqueue(item);
        Wake();
    }

    public void AddBulk(Outbound item)
    {
        _bulk.Enqueue(item);
        Wake();
    }

    /// <summary>One taker at a time.</summary>
    public Outbound? TakeControl() => _control.Dequeue();

    /// <summary>One taker at a time.</summary>
    public Outbound? TakeMessage()
    {
        var item = _messages.Dequeue();
        if (item is not null)
            Interlocked.Decrement(ref _messageCount);
        return item;
    }

    /// <summary>One taker at a time.</summary>
    public Outbound? TakeBulk() => _bulk.Dequeue();

    /// <summary>Completes when something is there that the taker has not looked at yet.</summary>
    public Task WaitAsync(CancellationToken cancel)
    {
        // The exchange is a full fence: whoever added before it is seen below, whoever adds after it sees the taker idle.
        Interlocked.Exchange(ref _idle, 1);
        if (!IsEmpty)
            Wake();
        return _arrived.WaitAsync(cancel);
    }

    /// <summary>For the taker that follows one which may have taken a wake-up with it.</summary>
    public void WakeNextTaker() => _arrived.Release();

    public void Wake()
    {
        if (Volatile.Read(ref _idle) == 1 && Interlocked.Exchange(ref _idle, 0) == 1)
            _arrived.Release();
    }
}
