namespace Orchestrator.Engine.Actor;

/// <summary>A supervisor's verdict on a failed child.</summary>
public enum Directive
{
    /// <summary>Go on with the next message and the same state.</summary>
    Resume,

    /// <summary>Go on with the next message and a fresh instance.</summary>
    Restart,

    /// <summary>Fail oneself with the same cause.</summary>
    Escalate,

    /// <summary>Stop it for good.</summary>
    Stop,
}

/// <summary>
/// How a parent answers to failures of its children. The default restarts, except that a child that could not be constructed, was killed or broke a
/// death pact is stopped (Akka.NET's default decider).
/// </summary>
public abstract class SupervisorStrategy
{
    private protected SupervisorStrategy(int maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive>? decider)
    {
        MaxNumberOfRetries = maxNrOfRetries;
        WithinTimeRange = withinTimeRange;
        Decider = decider ?? DefaultDecider;
    }

    /// <summary>One for one, restart without limit.</summary>
    public static SupervisorStrategy DefaultStrategy { get; } = new OneForOneStrategy(DefaultDecider);

    /// <summary>One for one, stop at any failure.</summary>
    public static SupervisorStrategy StoppingStrategy { get; } = new OneForOneStrategy(static _ => Directive.Stop);

    /// <summary>Restarts allowed per range; negative for any number, 0 for none.</summary>
    public int MaxNumberOfRetries { get; }

    /// <summary>The range; null for the child's whole life.</summary>
    public TimeSpan? WithinTimeRange { get; }

    /// <summary>Maps a failure to a verdict.</summary>
    public Func<Exception, Directive> Decider { get; }

    /// <summary>What the default strategy decides.</summary>
    public static Directive DefaultDecider(Exception cause) => cause is ActorInitializationException or ActorKilledException or DeathPactException
        ? Directive.Stop
        : Directive.Restart;

    /// <summary>Carries out the verdict; false to escalate.</summary>
    internal bool HandleFailure(ActorCell parent, InternalActorRef child, Exception cause, ChildStats stats, ChildStats[] children)
    {
        var directive = Decider(cause);
        parent.System.Log.ChildFailed(child.Path, directive, cause);
        switch (directive)
        {
            case Directive.Resume:
                child.SendSystemMessage(new ResumeMessage(causedByFailure: true));
                return true;
            case Directive.Restart:
                if (!MayRestart(parent.System.TimeProvider, stats, children))
                    goto case Directive.Stop;
                Restart(child, cause, children);
                return true;
            case Directive.Stop:
                Stop(parent, child, children);
                return true;
            default:
                return false;
        }
    }

    private protected abstract bool MayRestart(TimeProvider time, ChildStats failed, ChildStats[] children);

    private protected abstract void Restart(InternalActorRef child, Exception cause, ChildStats[] children);

    private protected abstract void Stop(ActorCell parent, InternalActorRef child, ChildStats[] children);
}

/// <summary>Only the failed child is restarted or stopped.</summary>
public sealed class OneForOneStrategy : SupervisorStrategy
{
    /// <summary>With limits; a null decider is the default one.</summary>
    /// <param name="maxNrOfRetries">Restarts allowed per range, after which the child is stopped; negative for any number.</param>
    /// <param name="withinTimeRange">The range; null for ever.</param>
    /// <param name="decider">Maps a failure to a verdict.</param>
    public OneForOneStrategy(int maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive>? decider = null)
        : base(maxNrOfRetries, withinTimeRange, decider)
    {
    }

    /// <summary>Without limits.</summary>
    public OneForOneStrategy(Func<Exception, Directive> decider)
        : base(-1, null, decider)
    {
    }

    private protected override bool MayRestart(TimeProvider time, ChildStats failed, ChildStats[] children) =>
        failed.RequestRestart(MaxNumberOfRetries, WithinTimeRange, time);

    private protected override void Restart(InternalActorRef child, Exception cause, ChildStats[] children) =>
        child.SendSystemMessage(new RecreateMessage(cause));

    private protected override void Stop(ActorCell parent, InternalActorRef child, ChildStats[] children) => parent.Stop(child);
}

/// <summary>All children share the fate of the failed one.</summary>
public sealed class AllForOneStrategy : SupervisorStrategy
{
    /// <summary>With limits; a null decider is the default one.</summary>
    /// <param name="maxNrOfRetries">Restarts allowed per child and range, after which all are stopped; negative for any number.</param>
    /// <param name="withinTimeRange">The range; null for ever.</param>
    /// <param name="decider">Maps a failure to a verdict.</param>
    public AllForOneStrategy(int maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive>? decider = null)
        : base(maxNrOfRetries, withinTimeRange, decider)
    {
    }

    /// <summary>Without limits.</summary>
    public AllForOneStrategy(Func<Exception, Directive> decider)
        : base(-1, null, decider)
    {
    }

    private protected override bool MayRestart(TimeProvider time, ChildStats failed, ChildStats[] children)
    {
        var allowed = true;
        foreach (var child in children)
            allowed &= child.RequestRestart(MaxNumberOfRetries, WithinTimeRange, time);
        return allowed;
    }

    private protected override void Restart(InternalActorRef child, Exception cause, ChildStats[] children)
    {
        foreach (var stats in children)
        {
            if (!stats.Child.Equals(child))
                stats.Child.SendSystemMessage(new SuspendMessage());
            stats.Child.SendSystemMessage(new RecreateMessage(cause));
        }
    }

    private protected override void Stop(ActorCell parent, InternalActorRef child, ChildStats[] children)
    {
        foreach (var stats in children)
            parent.Stop(stats.Child);
    }
}
