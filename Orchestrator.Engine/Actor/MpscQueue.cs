namespace Orchestrator.Engine.Actor;

/// <summary>Something that can stand in an <see cref="MpscQueue{T}"/>; in one queue at a time.</summary>
internal abstract class QueueNode<T>
    where T : QueueNode<T>
{
    internal T? Next;
}

/// <summary>
/// FIFO queue of many producers and one consumer that costs nothing while empty. Producers push onto a lock-free stack; the consumer takes the whole
/// stack with one exchange and reverses it, so a burst costs one atomic operation on its side.
/// </summary>
internal struct MpscQueue<T>
    where T : QueueNode<T>
{
    private T? _arrivals;
    private T? _ready;

    /// <summary>A hint outside the consumer's thread, exact on it.</summary>
    public readonly bool IsEmpty => _ready is null && Volatile.Read(in _arrivals) is null;

    /// <summary>Any thread.</summary>
    public void Enqueue(T node)
    {
        var head = Volatile.Read(ref _arrivals);
        while (true)
        {
            node.Next = head;
            var seen = Interlocked.CompareExchange(ref _arrivals, node, head);
            if (ReferenceEquals(seen, head))
                return;
            head = seen;
        }
    }

    /// <summary>Consumer only.</summary>
    public T? Dequeue()
    {
        var node = _ready;
        if (node is null)
        {
            if (Volatile.Read(ref _arrivals) is null)
                return null;
            node = TakeArrivals();
            if (node is null)
                return null;
        }

        _ready = node.Next;
        node.Next = null;
        return node;
    }

    /// <summary>Consumer only: <paramref name="node"/> comes out next.</summary>
    public void Prepend(T node)
    {
        node.Next = _ready;
        _ready = node;
    }

    /// <summary>Any thread: removes what arrived and the consumer has not seen; the chain is oldest first.</summary>
    public T? TakeArrivals()
    {
        var newest = Interlocked.Exchange(ref _arrivals, null);
        T? oldest = null;
        while (newest is not null)
        {
            var next = newest.Next;
            newest.Next = oldest;
            oldest = newest;
            newest = next;
        }

        return oldest;
    }
}

/// <summary>A user message in a mailbox or a stash.</summary>
internal sealed class Envelope(object message, IActorRef? sender) : QueueNode<Envelope>
{
    public readonly object Message = message;
    public readonly IActorRef? Sender = sender;
}
