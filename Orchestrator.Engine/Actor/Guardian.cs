namespace Orchestrator.Engine.Actor;

/// <summary>Parent of top-level actors; a failure it cannot handle goes to the root, which stops the system.</summary>
internal sealed class Guardian(SupervisorStrategy strategy) : UntypedActor
{
    protected internal override SupervisorStrategy SupervisorStrategy() => strategy;

    protected override void OnReceive(object message) => Unhandled(message);
}

/// <summary>
/// The root of the tree. Stopping order: /user, then /system, then the root itself.
/// </summary>
internal sealed class RootGuardian : UntypedActor
{
    /// <summary>Begin to stop.</summary>
    public sealed record Shutdown(IActorRef User, IActorRef SystemGuardian);

    private Shutdown? _shutdown;

    protected internal override SupervisorStrategy SupervisorStrategy() => Actor.SupervisorStrategy.StoppingStrategy;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Shutdown shutdown when _shutdown is null:
                _shutdown = shutdown;
                Context.Watch(shutdown.User);
                Context.Watch(shutdown.SystemGuardian);
                Context.Stop(shutdown.User);
                break;
            case Terminated terminated when _shutdown is not null && terminated.ActorRef.Equals(_shutdown.User):
                Context.Stop(_shutdown.SystemGuardian);
                break;
            case Terminated terminated when _shutdown is not null && terminated.ActorRef.Equals(_shutdown.SystemGuardian):
                Context.Stop(Self);
                break;
        }
    }
}
