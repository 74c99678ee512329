namespace Orchestrator.Engine.Actor;

/// <summary>Timers that live and die with an actor's incarnation; each is known by a key, and starting a key again replaces it, even where its message is already in the mailbox.</summary>
public interface ITimerScheduler
{
    /// <summary>Sends <paramref name="message"/> to the actor once, after <paramref name="timeout"/>.</summary>
    void StartSingleTimer(object key, object message, TimeSpan timeout);

    /// <summary>Sends <paramref name="message"/> to the actor every <paramref name="interval"/>.</summary>
    void StartPeriodicTimer(object key, object message, TimeSpan interval);

    /// <summary>Sends <paramref name="message"/> after <paramref name="initialDelay"/>, then every <paramref name="interval"/>.</summary>
    void StartPeriodicTimer(object key, object message, TimeSpan initialDelay, TimeSpan interval);

    /// <summary>Whether a timer of that key is running.</summary>
    bool IsTimerActive(object key);

    /// <summary>Its message will not come any more.</summary>
    void Cancel(object key);

    /// <summary>No timer's message will come any more.</summary>
    void CancelAll();
}

/// <summary>An actor with timers, which the engine sets after construction (so: not usable in the constructor, but in PreStart).</summary>
public interface IWithTimers
{
    /// <summary>Set by the engine.</summary>
    ITimerScheduler Timers { get; set; }
}

/// <summary>A message that a timer of the engine put into the mailbox; only valid while its timer still is.</summary>
internal interface ITimerTick : IAutoReceivedMessage, IDeadLetterSuppression
{
    /// <summary>On the actor's thread: whether it still counts, and what to deliver.</summary>
    bool TryAccept(ActorCell cell, out object? message);
}

/// <inheritdoc cref="ITimerScheduler"/>
internal sealed class TimerScheduler(ActorCell cell) : ITimerScheduler
{
    // Null where none runs: most actors of a large system have had a timer at some time and have none now.
    private Dictionary<object, Entry>? _timers;

    public void StartSingleTimer(object key, object message, TimeSpan timeout) => Start(key, message, timeout, Timeout.InfiniteTimeSpan);

    public void StartPeriodicTimer(object key, object message, TimeSpan interval) => Start(key, message, interval, interval);

    public void StartPeriodicTimer(object key, object message, TimeSpan initialDelay, TimeSpan interval) => Start(key, message, initialDelay, interval);

    public bool IsTimerActive(object key) => _timers?.ContainsKey(key) == true;

    public void Cancel(object key)
    {
        if (_timers is null || !_timers.Remove(key, out var entry))
            return;
        entry.Timer!.Dispose();
        if (_timers.Count == 0)
            _timers = null;
    }

    public void CancelAll()
    {
        if (_timers is null)
            return;
        foreach (var entry in _timers.Values)
            entry.Timer!.Dispose();
        _timers = null;
    }

    private void Start(object key, object message, TimeSpan delay, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(message);
        Cancel(key);
        var entry = new Entry(this, cell, key, message, period != Timeout.InfiniteTimeSpan);
        (_timers ??= []).Add(key, entry);
        entry.Timer = cell.System.TimeProvider.CreateTimer(static state => ((Entry)state!).Fire(), entry, delay < TimeSpan.Zero ? TimeSpan.Zero : delay, period);
    }

    private sealed class Entry(TimerScheduler owner, ActorCell cell, object key, object message, bool periodic) : ITimerTick
    {
        public ITimer? Timer { get; set; }

        public void Fire() => cell.SendMessage(this, cell.Self);

        public bool TryAccept(ActorCell receiver, out object? accepted)
        {
            accepted = message;
            if (owner._timers is null || !owner._timers.TryGetValue(key, out var current) || !ReferenceEquals(current, this))
                return false;
            if (!periodic)
                owner.Cancel(key);
            return true;
        }
    }
}

/// <summary>The receive timeout: one timer that is re-armed lazily, so that a message costs no more than reading the clock.</summary>
internal sealed class ReceiveTimeoutTimer : ITimerTick, IDisposable
{
    private readonly ActorCell _cell;
    private readonly ITimer _timer;
    private long _lastMessage;

    public ReceiveTimeoutTimer(ActorCell cell, TimeSpan timeout)
    {
        _cell = cell;
        Timeout = timeout;
        _lastMessage = cell.System.TimeProvider.GetTimestamp();
        _timer = cell.System.TimeProvider.CreateTimer(static state => ((ReceiveTimeoutTimer)state!).Fire(), this, timeout, global::System.Threading.Timeout.InfiniteTimeSpan);
    }

    public TimeSpan Timeout { get; }

    public void OnMessage(object message)
    {
        if (message is not (INotInfluenceReceiveTimeout or ReceiveTimeoutTimer))
            _lastMessage = _cell.System.TimeProvider.GetTimestamp();
    }

    public bool TryAccept(ActorCell cell, out object? message)
    {
        message = ReceiveTimeout.Instance;
        if (!ReferenceEquals(cell.CurrentReceiveTimeout, this))
            return false;
        var time = cell.System.TimeProvider;
        var left = Timeout - time.GetElapsedTime(_lastMessage);
        if (left > TimeSpan.Zero)
        {
            _timer.Change(left, global::System.Threading.Timeout.InfiniteTimeSpan);
            return false;
        }

        _lastMessage = time.GetTimestamp();
        _timer.Change(Timeout, global::System.Threading.Timeout.InfiniteTimeSpan);
        return true;
    }

    public void Dispose() => _timer.Dispose();

    private void Fire() => _cell.SendMessage(this, null);
}

/// <summary>The cell's timers.</summary>
internal sealed partial class ActorCell
{
    private TimerScheduler? _timers;
    private ReceiveTimeoutTimer? _receiveTimeout;

    public TimeSpan? ReceiveTimeout => _receiveTimeout?.Timeout;

    internal ReceiveTimeoutTimer? CurrentReceiveTimeout => _receiveTimeout;

    public void SetReceiveTimeout(TimeSpan? timeout)
    {
        _receiveTimeout?.Dispose();
        _receiveTimeout = timeout is { } after ? new ReceiveTimeoutTimer(this, after) : null;
    }

    private void CancelTimers()
    {
        _timers?.CancelAll();
        _timers = null;
    }
}
