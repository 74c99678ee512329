namespace Orchestrator.Engine.Actor;

/// <summary>Messages put aside, to be processed later in the order they came.</summary>
public interface IStash
{
    /// <summary>Puts the current message aside. Throws <see cref="IllegalActorStateException"/> where it is stashed already.</summary>
    void Stash();

    /// <summary>Puts the oldest stashed message in front of the mailbox.</summary>
    void Unstash();

    /// <summary>Puts all stashed messages in front of the mailbox, oldest first.</summary>
    void UnstashAll();

    /// <summary>How many messages are stashed.</summary>
    int Count { get; }
}

/// <summary>An actor with a stash, which the engine sets after construction. A restart unstashes all; a stop sends what is left to dead letters.</summary>
public interface IWithStash
{
    /// <summary>Set by the engine.</summary>
    IStash Stash { get; set; }
}

/// <summary>Akka.NET's name for a stash without limit.</summary>
public interface IWithUnboundedStash : IWithStash;

/// <inheritdoc cref="IStash"/>
internal sealed class Stash(ActorCell cell) : IStash
{
    private readonly Queue<(object Message, IActorRef? Sender)> _stashed = new();
    private Envelope? _last;

    public int Count => _stashed.Count;

    void IStash.Stash()
    {
        var envelope = cell.CurrentEnvelope ?? throw new IllegalActorStateException("There is no current message to stash.");
        if (ReferenceEquals(envelope, _last))
            throw new IllegalActorStateException($"The message {envelope.Message.GetType().Name} is stashed already.");
        _last = envelope;
        _stashed.Enqueue((cell.CurrentMessage!, envelope.Sender));
    }

    public void Unstash()
    {
        if (_stashed.TryDequeue(out var oldest))
            cell.PutInFront(oldest.Message, oldest.Sender);
        _last = null;
    }

    public void UnstashAll()
    {
        if (_stashed.Count == 0)
            return;
        var all = _stashed.ToArray();
        _stashed.Clear();
        _last = null;
        for (var i = all.Length - 1; i >= 0; i--)
            cell.PutInFront(all[i].Message, all[i].Sender);
    }
}

/// <summary>A message that the engine has already accepted once (a stashed Terminated, a stashed timer message): deliver it as it is.</summary>
internal sealed record AcceptedMessage(object Message) : IAutoReceivedMessage;

/// <summary>The stash's way back into the mailbox.</summary>
internal sealed partial class ActorCell
{
    /// <summary>Only on the actor's own thread.</summary>
    internal void PutInFront(object message, IActorRef? sender) => _messages.Prepend(new Envelope(new AcceptedMessage(message), sender));
}
