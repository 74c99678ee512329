using System.Collections.Concurrent;
using System.Diagnostics;
using Orchestrator.Engine.Actor;

namespace Orchestrator.TestKit;

/// <summary>
/// An actor reference that records what it gets, for expectations. Waiting is in real time with a deadline; in a system on <see cref="VirtualTime"/>, "nothing comes" is
/// decided exactly, when the system is at rest.
/// </summary>
public sealed class TestProbe
{
    private readonly BlockingCollection<(object Message, IActorRef? Sender)> _received = [];
    private readonly ProbeRef _ref;
    private readonly VirtualTime? _time;

    internal TestProbe(ActorSystem system, VirtualTime? time, string name)
    {
        _time = time;
        _ref = new ProbeRef(this, system, ActorPath.Root(system.Name).Child("probes").Child(name, system.NextUid()));
    }

    /// <summary>The reference to hand out.</summary>
    public IActorRef Ref => _ref;

    /// <summary>Sender of the message last expected; dead letters where it had none.</summary>
    public IActorRef LastSender { get; private set; } = ActorRefs.Nobody;

    /// <summary>Real time that an expectation waits where it is not told otherwise.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many messages have come and were not expected yet.</summary>
    public int Pending => _received.Count;

    /// <summary>Sends <paramref name="message"/> with the probe as sender.</summary>
    public void Send(IActorRef receiver, object message) => receiver.Tell(message, Ref);

    /// <summary>Answers the message last expected.</summary>
    public void Reply(object message) => LastSender.Tell(message, Ref);

    /// <summary>A <see cref="Terminated"/> comes when <paramref name="subject"/> is gone.</summary>
    public IActorRef Watch(IActorRef subject)
    {
        ((InternalActorRef)subject).SendSystemMessage(new WatchMessage(_ref));
        return subject;
    }

    /// <summary>Ends a watch.</summary>
    public IActorRef Unwatch(IActorRef subject)
    {
        ((InternalActorRef)subject).SendSystemMessage(new UnwatchMessage(_ref));
        return subject;
    }

    /// <summary>The next message, which must come in time and be a <typeparamref name="T"/>.</summary>
    public T ExpectMsg<T>(TimeSpan? within = null, Predicate<T>? isMessage = null)
    {
        var message = Next(within, typeof(T).Name);
        if (message is not T expected)
            throw new ProbeException($"Expected a {typeof(T).Name} but got {Describe(message)}.");
        if (isMessage is not null && !isMessage(expected))
            throw new ProbeException($"Got {Describe(message)}, which is not the {typeof(T).Name} that was expected.");
        return expected;
    }

    /// <summary>The next message, which must equal <paramref name="expected"/>.</summary>
    public T ExpectMsg<T>(T expected, TimeSpan? within = null)
        where T : notnull
    {
        var message = Next(within, Describe(expected));
        if (!Equals(message, expected))
            throw new ProbeException($"Expected {Describe(expected)} but got {Describe(message)}.");
        return expected;
    }

    /// <summary>The next messages, which must be these in any order.</summary>
    public void ExpectMsgAllOf<T>(params IReadOnlyList<T> expected)
        where T : notnull
    {
        var missing = expected.ToList();
        while (missing.Count > 0)
        {
            var message = Next(null, $"{missing.Count} more of {string.Join(", ", expected)}");
            if (message is not T one || !missing.Remove(one))
                throw new ProbeException($"Got {Describe(message)}; still expected: {string.Join(", ", missing)}.");
        }
    }

    /// <summary>The next message, which must say that <paramref name="subject"/> is gone.</summary>
    public Terminated ExpectTerminated(IActorRef subject, TimeSpan? within = null) => ExpectMsg<Terminated>(within, terminated => terminated.ActorRef.Equals(subject));

    /// <summary>Skips messages until a <typeparamref name="T"/> comes that <paramref name="isMessage"/> (where given) accepts.</summary>
    public T FishForMessage<T>(Predicate<T>? isMessage = null, TimeSpan? within = null)
    {
        var deadline = Stopwatch.StartNew();
        var patience = within ?? Patience;
        while (true)
        {
            var left = patience - deadline.Elapsed;
            if (Next(left > TimeSpan.Zero ? left : TimeSpan.Zero, typeof(T).Name) is T message && (isMessage is null || isMessage(message)))
                return message;
        }
    }

    /// <summary>Nothing has come, and nothing is on its way (virtual time), or nothing comes for a tenth of a second (real time).</summary>
    public void ExpectNoMsg() => ExpectNoMsg(_time is null ? TimeSpan.FromMilliseconds(100) : TimeSpan.Zero);

    /// <summary>Nothing comes for this long, in the system's time.</summary>
    public void ExpectNoMsg(TimeSpan during)
    {
        if (_time is not null)
        {
            _time.Advance(during);
            during = TimeSpan.Zero;
        }

        if (_received.TryTake(out var unexpected, during))
            throw new ProbeException($"Expected no message but got {Describe(unexpected.Message)}.");
    }

    /// <summary>All that has come so far and was not expected yet, in order.</summary>
    public IReadOnlyList<object> ReceiveAvailable()
    {
        var messages = new List<object>();
        while (_received.TryTake(out var next))
        {
            LastSender = next.Sender ?? _ref.System.DeadLetters;
            messages.Add(next.Message);
        }

        return messages;
    }

    /// <summary>The next <paramref name="count"/> messages.</summary>
    public IReadOnlyList<object> ReceiveN(int count, TimeSpan? within = null)
    {
        var messages = new List<object>(count);
        while (messages.Count < count)
            messages.Add(Next(within, $"{count - messages.Count} more messages"));
        return messages;
    }

    private object Next(TimeSpan? within, string expected)
    {
        var patience = within ?? Patience;
        if (!_received.TryTake(out var next, patience))
            throw new ProbeException($"Expected {expected} but nothing came within {patience}.");
        LastSender = next.Sender ?? _ref.System.DeadLetters;
        return next.Message;
    }

    private static string Describe(object message) => $"{message.GetType().Name} {message}";

    private sealed class ProbeRef(TestProbe probe, ActorSystem system, ActorPath path) : InternalActorRef(path)
    {
        internal override ActorSystem System => system;

        public override void Tell(object message, IActorRef? sender) => probe._received.Add((message, sender));

        internal override void SendSystemMessage(SystemMessage message)
        {
            if (message is DeathWatchNotification gone)
                probe._received.Add((new Terminated(gone.Actor, gone.ExistenceConfirmed), gone.Actor));
        }
    }
}

/// <summary>An expectation of a <see cref="TestProbe"/> was not met.</summary>
public sealed class ProbeException(string message) : Exception(message);
