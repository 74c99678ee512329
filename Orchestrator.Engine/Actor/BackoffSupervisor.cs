namespace Orchestrator.Engine.Actor;

/// <summary>When a <see cref="BackoffSupervisor"/> starts its child again.</summary>
public enum BackoffTrigger
{
    /// <summary>After it failed.</summary>
    OnFailure,

    /// <summary>After it stopped, by itself or by failing.</summary>
    OnStop,
}

/// <summary>Settings of a <see cref="BackoffSupervisor"/>.</summary>
/// <param name="ChildProps">The child.</param>
/// <param name="ChildName">Its name.</param>
/// <param name="MinBackoff">First delay; doubled at each restart in a row.</param>
/// <param name="MaxBackoff">Longest delay.</param>
/// <param name="RandomFactor">Adds up to this share of the delay, so that many do not come back at once; 0 for none.</param>
public sealed record BackoffOptions(Props ChildProps, string ChildName, TimeSpan MinBackoff, TimeSpan MaxBackoff, double RandomFactor = 0.2)
{
    /// <summary>When to start again.</summary>
    public BackoffTrigger Trigger { get; init; } = BackoffTrigger.OnFailure;

    /// <summary>A child that lived this long is forgiven its past; default: <see cref="MinBackoff"/>.</summary>
    public TimeSpan? ResetAfter { get; init; }

    /// <summary>Restarts in a row after which the supervisor stops; negative for any number.</summary>
    public int MaxRetries { get; init; } = -1;

    /// <summary>Source of the random share.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <summary>The delay before the restart that follows <paramref name="restarts"/> others.</summary>
    public TimeSpan Delay(int restarts)
    {
        var exponential = MinBackoff * Math.Pow(2, Math.Min(restarts, 30));
        var capped = exponential < MaxBackoff ? exponential : MaxBackoff;
        return capped * (1 + (Random.NextDouble() * RandomFactor));
    }
}

/// <summary>
/// Keeps one child running and waits longer before each restart in a row. Messages are forwarded to the child; while there is none they are dead letters.
/// <code>
///   Running ──child failed/stopped──▶ Waiting (delay doubles) ──▶ Running ──lived for ResetAfter──▶ delay starts over
/// </code>
/// </summary>
public sealed class BackoffSupervisor : UntypedActor, IWithTimers
{
    private sealed record StartChild;

    private sealed record ResetRestarts(int Restarts);

    private readonly BackoffOptions _options;
    private IActorRef? _child;
    private int _restarts;
    private bool _failed;

    private BackoffSupervisor(BackoffOptions options) => _options = options;

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of a supervisor.</summary>
    public static Props Props(BackoffOptions options) => Actor.Props.Create(() => new BackoffSupervisor(options));

    /// <summary>A failed child is stopped; coming back is this actor's business.</summary>
    protected internal override SupervisorStrategy SupervisorStrategy() => Actor.SupervisorStrategy.StoppingStrategy;

    /// <inheritdoc/>
    protected override void PreStart() => Start();

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case StartChild:
                Start();
                break;
            case ResetRestarts reset when reset.Restarts == _restarts:
                _restarts = 0;
                break;
            case ResetRestarts:
                break;
            case Terminated terminated when terminated.ActorRef.Equals(_child):
                OnChildStopped();
                break;
            default:
                if (_child is null)
                    Context.System.DeadLetters.Tell(message, Sender);
                else
                    _child.Forward(message);
                break;
        }
    }

    internal override void ChildFailed(IActorRef child) => _failed = true;

    private void Start()
    {
        _failed = false;
        _child = Context.Watch(Context.ActorOf(_options.ChildProps, _options.ChildName));
        Timers.StartSingleTimer(nameof(ResetRestarts), new ResetRestarts(_restarts), _options.ResetAfter ?? _options.MinBackoff);
    }

    private void OnChildStopped()
    {
        _child = null;
        Timers.Cancel(nameof(ResetRestarts));
        var again = _failed || _options.Trigger == BackoffTrigger.OnStop;
        if (!again || (_options.MaxRetries >= 0 && _restarts >= _options.MaxRetries))
        {
            Context.Stop(Self);
            return;
        }

        Timers.StartSingleTimer(nameof(StartChild), new StartChild(), _options.Delay(_restarts));
        _restarts++;
    }
}
