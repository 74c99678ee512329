namespace Orchestrator.Engine.Actor;

/// <summary>
/// Stops a process in an order: tasks are registered under a phase; the tasks of a phase run together, each phase has a time limit, and a task that fails or
/// is late does not keep the next phase waiting. The last phase terminates the system. Phases and their order are Akka.NET's.
/// </summary>
public sealed class CoordinatedShutdown
{
    /// <summary>First: application's own preparations.</summary>
    public const string PhaseBeforeServiceUnbind = "before-service-unbind";

    /// <summary>Stop accepting connections.</summary>
    public const string PhaseServiceUnbind = "service-unbind";

    /// <summary>Wait for requests in progress.</summary>
    public const string PhaseServiceRequestsDone = "service-requests-done";

    /// <summary>Close connections.</summary>
    public const string PhaseServiceStop = "service-stop";

    /// <summary>Last chance for the application before the cluster part.</summary>
    public const string PhaseBeforeClusterShutdown = "before-cluster-shutdown";

    /// <summary>Hand off shards.</summary>
    public const string PhaseClusterShardingShutdownRegion = "cluster-sharding-shutdown-region";

    /// <summary>Leave the cluster.</summary>
    public const string PhaseClusterLeave = "cluster-leave";

    /// <summary>Hand over singletons.</summary>
    public const string PhaseClusterExiting = "cluster-exiting";

    /// <summary>Wait until that is done.</summary>
    public const string PhaseClusterExitingDone = "cluster-exiting-done";

    /// <summary>Shut the cluster part down.</summary>
    public const string PhaseClusterShutdown = "cluster-shutdown";

    /// <summary>Last chance for the application while actors live.</summary>
    public const string PhaseBeforeActorSystemTerminate = "before-actor-system-terminate";

    /// <summary>Terminate the system; later than every other.</summary>
    public const string PhaseActorSystemTerminate = "actor-system-terminate";

    private static readonly (string Name, TimeSpan Timeout)[] Phases =
    [
        (PhaseBeforeServiceUnbind, TimeSpan.FromSeconds(5)),
        (PhaseServiceUnbind, TimeSpan.FromSeconds(5)),
        (PhaseServiceRequestsDone, TimeSpan.FromSeconds(5)),
        (PhaseServiceStop, TimeSpan.FromSeconds(5)),
        (PhaseBeforeClusterShutdown, TimeSpan.FromSeconds(5)),
        (PhaseClusterShardingShutdownRegion, TimeSpan.FromSeconds(10)),
        (PhaseClusterLeave, TimeSpan.FromSeconds(5)),
        (PhaseClusterExiting, TimeSpan.FromSeconds(10)),
        (PhaseClusterExitingDone, TimeSpan.FromSeconds(5)),
        (PhaseClusterShutdown, TimeSpan.FromSeconds(5)),
        (PhaseBeforeActorSystemTerminate, TimeSpan.FromSeconds(5)),
        (PhaseActorSystemTerminate, TimeSpan.FromSeconds(10)),
    ];

    private readonly ActorSystem _system;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<(string Name, Func<CancellationToken, Task> Run)>> _tasks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _timeouts = Phases.ToDictionary(phase => phase.Name, phase => phase.Timeout, StringComparer.Ordinal);
    private Task? _run;

    private CoordinatedShutdown(ActorSystem system) => _system = system;

    /// <summary>The system's.</summary>
    public static CoordinatedShutdown Get(ActorSystem system) => system.GetOrAddExtension(static s => new CoordinatedShutdown(s));

    /// <summary>Why it was run; null before.</summary>
    public string? ShutdownReason { get; private set; }

    /// <summary>Registers a task; during the shutdown still for phases that have not begun. The token is cancelled at the phase's time limit. Throws <see cref="ArgumentException"/> for an unknown phase.</summary>
    public void AddTask(string phase, string taskName, Func<CancellationToken, Task> task)
    {
        lock (_lock)
        {
            if (!_timeouts.ContainsKey(phase))
                throw new ArgumentException($"Unknown phase {phase}; known are {string.Join(", ", Phases.Select(p => p.Name))}.", nameof(phase));
            if (!_tasks.TryGetValue(phase, out var tasks))
                _tasks.Add(phase, tasks = []);
            tasks.Add((taskName, task));
        }
    }

    /// <summary>As Akka.NET's form, for a task that cannot be cancelled.</summary>
    public void AddTask(string phase, string taskName, Func<Task> task) => AddTask(phase, taskName, _ => task());

    /// <summary>Changes a phase's time limit.</summary>
    public void SetTimeout(string phase, TimeSpan timeout)
    {
        lock (_lock)
            _timeouts[phase] = timeout;
    }

    /// <summary>The time limit of a phase.</summary>
    public TimeSpan Timeout(string phase)
    {
        lock (_lock)
            return _timeouts[phase];
    }

    /// <summary>Runs all phases, once; later calls get the same task.</summary>
    public Task Run(string reason)
    {
        lock (_lock)
        {
            ShutdownReason ??= reason;
            return _run ??= Task.Run(RunPhases);
        }
    }

    private async Task RunPhases()
    {
        foreach (var (phase, _) in Phases)
        {
            List<(string Name, Func<CancellationToken, Task> Run)> tasks;
            lock (_lock)
                tasks = _tasks.TryGetValue(phase, out var registered) ? [.. registered] : [];
            if (phase == PhaseActorSystemTerminate)
                tasks.Add(("terminate-system", _ => _system.Terminate()));
            await Task.WhenAll(tasks.Select(task => RunTask(phase, task.Name, task.Run))).ConfigureAwait(false);
        }
    }

    private async Task RunTask(string phase, string name, Func<CancellationToken, Task> run)
    {
        using var cancel = new CancellationTokenSource();
        try
        {
            var task = Task.Run(() => run(cancel.Token), CancellationToken.None);
            await task.WaitAsync(Timeout(phase), _system.TimeProvider).ConfigureAwait(false);
        }
        catch (Exception cause)
        {
            // One task's failure must not keep the process from stopping.
            _system.Log.ShutdownTaskFailed(name, phase, cause);
            await cancel.CancelAsync().ConfigureAwait(false);
        }
    }
}
