using Orchestrator.Engine.Actor;

namespace Orchestrator.TestKit;

/// <summary>
/// A clock that stands still until <see cref="Advance"/>, which steps through every due time in order, repeating timers included, and lets the actor
/// system come to rest between the steps: what an actor does at one moment is done before the next moment comes. Thread-safe.
/// </summary>
public sealed class VirtualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<(VirtualTimer Timer, long Arming), (long Due, long Order)> _timers = new();
    private long _now;
    private long _order;

    /// <summary>A clock that starts at <paramref name="start"/> (default: 2030-01-01 UTC).</summary>
    public VirtualTime(DateTimeOffset? start = null) => _now = (start ?? new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)).UtcTicks;

    /// <summary>Pass it to the actor system (<see cref="ActorSystemSetup.Activity"/>): it tells when nothing is in flight.</summary>
    public ActivityCounter Activity { get; } = new();

    /// <summary>Real time after which a system that does not come to rest is an error.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _now), TimeSpan.Zero);

    /// <inheritdoc/>
    public override long GetTimestamp() => Interlocked.Read(ref _now);

    /// <summary>A timer that is due at once fires at once, on the pool; every other fires from within <see cref="Advance"/>.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Time until the next timer is due; null where none is armed.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            lock (_lock)
                return PeekDue() is { } due ? TimeSpan.FromTicks(due - _now) : null;
        }
    }

    /// <summary>Lets <paramref name="by"/> pass, step by step. Blocks until the system has come to rest at the end. Throws <see cref="TimeoutException"/> where it does not.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var target = Interlocked.Read(ref _now) + by.Ticks;
        Settle();
        // A test's thread has a context, with which what awaits a timer would go on in the pool, unseen, while time passes here.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            while (TakeDue(target) is { } timer)
            {
                timer.Fire();
                Settle();
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }

        lock (_lock)
            _now = Math.Max(_now, target);
    }

    /// <summary>Blocks until nothing is in flight.</summary>
    public void Settle()
    {
        if (!Activity.WhenQuiescent().Wait(Patience))
            throw new TimeoutException($"The system did not come to rest within {Patience}: {Activity.Count} mailboxes or operations are busy.");
    }

    private long? PeekDue()
    {
        while (_timers.TryPeek(out var next, out var at))
        {
            if (next.Timer.IsArmed(next.Arming))
                return at.Due;
            _timers.Dequeue();
        }

        return null;
    }

    private VirtualTimer? TakeDue(long target)
    {
        lock (_lock)
        {
            if (PeekDue() is not { } due || due > target)
                return null;
            _now = Math.Max(_now, due);
            return _timers.Dequeue().Timer;
        }
    }

    private sealed class VirtualTimer(VirtualTime clock, TimerCallback callback, object? state) : ITimer
    {
        private long _arming;
        private long _due;
        private TimeSpan _period;
        private bool _armed;
        private bool _disposed;

        /// <summary>Under the clock's lock.</summary>
        public bool IsArmed(long arming) => _armed && _arming == arming;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                if (_disposed)
                    return false;
                _arming++;
                _period = period;
                _armed = dueTime != Timeout.InfiniteTimeSpan;
                if (!_armed)
                    return true;
                if (dueTime <= TimeSpan.Zero)
                    FireSoon();
                else
                    Enqueue(clock._now + dueTime.Ticks);
                return true;
            }
        }

        /// <summary>Called once per due time.</summary>
        public void Fire()
        {
            lock (clock._lock)
            {
                if (!_armed)
                    return;
                if (_period > TimeSpan.Zero)
                    Enqueue(_due + _period.Ticks);
                else
                    _armed = false;
            }

            callback(state);
        }

        public void Dispose()
        {
            lock (clock._lock)
                _disposed = !(_armed = false);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        private void Enqueue(long due)
        {
            _due = due;
            clock._timers.Enqueue((this, _arming), (due, clock._order++));
        }

        private void FireSoon()
        {
            _due = clock._now;
            clock.Activity.Begin();
            ThreadPool.UnsafeQueueUserWorkItem(
                static timer =>
                {
                    timer.Fire();
                    timer.Clock.Activity.End();
                },
                this,
                preferLocal: false);
        }

        private VirtualTime Clock => clock;
    }
}
