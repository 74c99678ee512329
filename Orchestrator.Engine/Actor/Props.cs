namespace Orchestrator.Engine.Actor;

/// <summary>
/// Recipe for an actor: how to construct it (again, at every restart) and optionally how it supervises its children. Immutable and shareable.
/// A factory is a plain delegate: nothing is compiled or reflected over.
/// </summary>
public sealed class Props
{
    private readonly Func<ActorBase> _factory;

    private Props(Type type, Func<ActorBase> factory, SupervisorStrategy? strategy)
    {
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
    public Props WithSupervisorStrategy(SupervisorStrategy strategy) => new(Type, _factory, strategy);

    internal ActorBase NewActor() => _factory() ?? throw new IllegalActorStateException($"The factory of {Type.Name} returned null.");
}
