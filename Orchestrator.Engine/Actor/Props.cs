namespace Orchestrator.Engine.Actor;

/// <summary>
/// Recipe for an actor: how to construct it (again, at every restart) and optionally how it supervises its children. Immutable and shareable.
/// A factory is a plain delegate: nothing is compiled or reflected over.
/// </summary>
public sealed class Props
{
    private readonly Func<ActorBase> _factory;

    /// <summary>Name of the dispatcher for actors that must be heard in time whatever else there is to do; see <see cref="WithDispatcher"/>.</summary>
    public const string InternalDispatcher = "akka.actor.internal-dispatcher";

    private Props(Type type, Func<ActorBase> factory, SupervisorStrategy? strategy, bool isInternal = false)
    {
        IsInternal = isInternal;
        Type = type;
        _factory = factory;
        SupervisorStrategy = strategy;
    }

    /// <summary>The actor's class as far as the factory declares it.</summary>
    public Type Type { get; }

    /// <summary>Replaces the actor's own strategy where it is set.</summary>
    public SupervisorStrategy? SupervisorStrategy { get; }

    /// <summary>Props with a factory: <c>Props.Create(() => new PodActor(key))</c>. The factory must make a new actor at every call.</summary>
    public static Props Create<TActor>(Func<TActor> factory, SupervisorStrategy? supervisorStrategy = null)
        where TActor : ActorBase => new(typeof(TActor), factory, supervisorStrategy);

    /// <summary>Props for a class with a parameterless constructor.</summary>
    public static Props Create<TActor>(SupervisorStrategy? supervisorStrategy = null)
        where TActor : ActorBase, new() => new(typeof(TActor), static () => new TActor(), supervisorStrategy);

    /// <summary>The same recipe with another supervision of its children.</summary>
    public Props WithSupervisorStrategy(SupervisorStrategy strategy) => new(Type, _factory, strategy, IsInternal);

    /// <summary>
    /// The same recipe for actors on another dispatcher than the thread pool: there is <see cref="InternalDispatcher"/>, a few threads of their own. Children do not
    /// inherit it. Throws <see cref="ArgumentException"/> for another name.
    /// </summary>
    public Props WithDispatcher(string dispatcher) =>
        dispatcher == InternalDispatcher ? new(Type, _factory, SupervisorStrategy, isInternal: true) : throw new ArgumentException($"There is no dispatcher {dispatcher}.", nameof(dispatcher));

    internal bool IsInternal { get; }

    internal ActorBase NewActor() => _factory() ?? throw new IllegalActorStateException($"The factory of {Type.Name} returned null.");
}
