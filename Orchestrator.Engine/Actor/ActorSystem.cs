using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Orchestrator.Engine.Actor;

/// <summary>
/// A tree of actors with what they share: clock, scheduler, event stream, dead letters, extensions. Thread-safe.
/// <c>/user</c> holds the application's actors, <c>/system</c> the engine's.
/// </summary>
public sealed class ActorSystem : IActorRefFactory, IAsyncDisposable
{
    private readonly TaskCompletionSource _terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<Type, Lazy<object>> _extensions = new();
    private readonly LocalActorRef _root;
    private readonly LocalActorRef _user;
    private readonly LocalActorRef _system;
    private readonly ActorPath _rootPath;
    private long _uids;

    private ActorSystem(string name, ActorSystemSetup setup)
    {
        Name = name;
        Address = Address.Local(name);
        Uid = setup.Uid ?? Random.Shared.NextInt64(1, long.MaxValue);

        // Uids of actors must not recur in the system's next life: somebody may still hold a reference from this one.
        _uids = Uid >> 1;
        TimeProvider = setup.TimeProvider;
        Configuration = setup.Configuration;
        LoggerFactory = setup.LoggerFactory ?? NullLoggerFactory.Instance;
        Activity = setup.Activity;
        Meter = setup.Meter;
        Log = new EngineLog(LoggerFactory.CreateLogger("Orchestrator.Engine"));
        Scheduler = new Scheduler(TimeProvider);
        var path = _rootPath = ActorPath.Root(Address);
        References = new LocalReferences(this);
        DeadLetters = new DeadLetterRef(path.Child("deadLetters"), this);
        _root = new LocalActorRef(path, this, Props.Create<RootGuardian>(), new RootParent(this), null);
        _root.Cell.Start();
        var strategy = setup.GuardianStrategy;
        _user = (LocalActorRef)_root.Cell.ActorOf(Props.Create(() => new Guardian(strategy)), "user");
        _system = (LocalActorRef)_root.Cell.ActorOf(Props.Create(() => new Guardian(SupervisorStrategy.DefaultStrategy)), "system");
    }

    /// <summary>The system's name: letters, digits, '-' and '_'.</summary>
    public string Name { get; }

    /// <summary>Where this system is reached: a local address, until remoting is started.</summary>
    public Address Address { get; internal set; }

    /// <summary>Tells the lives of the systems under one address apart (Akka's uid); positive.</summary>
    public long Uid { get; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; }

    /// <summary>The configuration the system was made with.</summary>
    public IConfiguration? Configuration { get; }

    /// <summary>Where loggers come from.</summary>
    public ILoggerFactory LoggerFactory { get; }

    /// <summary>Delayed messages.</summary>
    public Scheduler Scheduler { get; }

    /// <summary>Publish and subscribe by type.</summary>
    public EventStream EventStream { get; } = new();

    /// <summary>Receives what nobody else does; its letters are published on <see cref="EventStream"/>.</summary>
    public IActorRef DeadLetters { get; }

    /// <summary>Completes when every actor has stopped.</summary>
    public Task WhenTerminated => _terminated.Task;

    /// <summary>The parent of top-level actors.</summary>
    public IActorRef UserGuardian => _user;

    internal ActivityCounter? Activity { get; }

    internal ActorMeter? Meter { get; }

    internal EngineLog Log { get; }

    internal LocalActorRef RootRef => _root;

    /// <summary>Finds this system's own actors by what other systems call them.</summary>
    internal LocalReferences References { get; }

    /// <summary>Set by remoting: makes references to actors of other systems.</summary>
    internal Func<Address, string, InternalActorRef>? RemoteReferences { get; set; }

    /// <summary>Starts a system.</summary>
    public static ActorSystem Create(string name, ActorSystemSetup? setup = null)
    {
        if (!ActorPath.IsValidName(name))
            throw new ArgumentException($"\"{name}\" is no valid system name.", nameof(name));
        return new ActorSystem(name, setup ?? new ActorSystemSetup());
    }

    /// <summary>Creates a top-level actor, supervised by <c>/user</c>.</summary>
    public IActorRef ActorOf(Props props, string? name = null) => _user.Cell.ActorOf(props, name);

    /// <summary>Creates an actor of the engine's extensions under <c>/system</c>, which outlives <c>/user</c>.</summary>
    public IActorRef SystemActorOf(Props props, string? name = null) => _system.Cell.ActorOf(props, name);

    /// <inheritdoc/>
    public void Stop(IActorRef actor)
    {
        if (actor is LocalActorRef { Cell: { } cell } && cell.Parent is LocalActorRef parent)
            parent.Cell.Stop(actor);
        else if (actor is InternalActorRef other)
            other.SendSystemMessage(new TerminateMessage());
    }

    /// <summary>Stops every actor: /user first, then /system. The task is <see cref="WhenTerminated"/>. Runs no <see cref="CoordinatedShutdown"/>.</summary>
    public Task Terminate()
    {
        _root.Tell(new RootGuardian.Shutdown(_user, _system), null);
        return WhenTerminated;
    }

    /// <summary>
    /// The reference that a path with its address means, e.g. <c>akka.tls://orchestrator@10.0.0.1:2552/user/agents</c>; with <c>#uid</c> behind it, one incarnation.
    /// Messages to an actor that is not there are dead letters. Throws <see cref="FormatException"/> for no path, <see cref="IllegalActorStateException"/> for another
    /// system's where remoting has not been started.
    /// </summary>
    public IActorRef ResolveActorRef(string path)
    {
        var (address, local) = SplitPath(path);
        if (address.Equals(Address) || address.Equals(_rootPath.Address))
            return References.Resolve(local);
        var remote = RemoteReferences ?? throw new IllegalActorStateException($"{path} is in another system, and {Address} has no remoting.");
        return remote(address, local);
    }

    /// <summary>The extension of that type, made at first use, once.</summary>
    public T GetOrAddExtension<T>(Func<ActorSystem, T> create)
        where T : class => (T)_extensions.GetOrAdd(typeof(T), _ => new Lazy<object>(() => create(this))).Value;

    /// <summary>The extension of that type, or null where it is not there yet.</summary>
    public T? GetExtension<T>()
        where T : class => _extensions.TryGetValue(typeof(T), out var extension) ? (T)extension.Value : null;

    /// <summary>Terminates and waits for it.</summary>
    public async ValueTask DisposeAsync() => await Terminate();

    private static (Address Address, string Path) SplitPath(string path)
    {
        var authority = path.IndexOf("://", StringComparison.Ordinal);
        var slash = authority < 0 ? -1 : path.IndexOf('/', authority + 3);
        if (slash < 0 || !Address.TryParse(path[..slash], out var address))
            throw new FormatException($"\"{path}\" is no path of an actor: an address, then a path from its root.");
        return (address, path[slash..]);
    }

    internal long NextUid() => Interlocked.Increment(ref _uids);

    /// <summary>What the root reports to: its end is the system's end, its failure too.</summary>
    private sealed class RootParent(ActorSystem system) : InternalActorRef(ActorPath.Root(system.Name))
    {
        internal override ActorSystem System => system;

        public override void Tell(object message, IActorRef? sender) => system.DeadLetters.Tell(message, sender);

        internal override void SendSystemMessage(SystemMessage message)
        {
            switch (message)
            {
                case DeathWatchNotification:
                    system._terminated.TrySetResult();
                    break;
                case FailedMessage failed:
                    failed.Child.SendSystemMessage(new TerminateMessage());
                    break;
            }
        }
    }
}
