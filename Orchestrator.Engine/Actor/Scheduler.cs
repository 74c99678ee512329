namespace Orchestrator.Engine.Actor;

/// <summary>Something scheduled that can be called off.</summary>
public interface ICancelable : IDisposable
{
    /// <summary>Calls it off; harmless when repeated.</summary>
    void Cancel();

    /// <summary>Whether it was called off.</summary>
    bool IsCancellationRequested { get; }
}

/// <summary>Messages after a while, outside the life of any one actor. On the system's <see cref="TimeProvider"/>.</summary>
public sealed class Scheduler
{
    private readonly TimeProvider _time;

    internal Scheduler(TimeProvider time) => _time = time;

    /// <summary>The current time.</summary>
    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Sends <paramref name="message"/> once, after <paramref name="delay"/>.</summary>
    public ICancelable ScheduleTellOnce(TimeSpan delay, IActorRef receiver, object message, IActorRef? sender = null) =>
        new Scheduled(_time, delay, Timeout.InfiniteTimeSpan, () => receiver.Tell(message, sender));

    /// <summary>Sends <paramref name="message"/> after <paramref name="initialDelay"/>, then every <paramref name="interval"/>.</summary>
    public ICancelable ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, IActorRef receiver, object message, IActorRef? sender = null) =>
        new Scheduled(_time, initialDelay, interval, () => receiver.Tell(message, sender));

    private sealed class Scheduled : ICancelable
    {
        private readonly Action _action;
        private readonly ITimer _timer;
        private volatile bool _cancelled;

        public Scheduled(TimeProvider time, TimeSpan delay, TimeSpan period, Action action)
        {
            _action = action;
            _timer = time.CreateTimer(static state => ((Scheduled)state!).Fire(), this, delay < TimeSpan.Zero ? TimeSpan.Zero : delay, period);
        }

        public bool IsCancellationRequested => _cancelled;

        public void Cancel()
        {
            _cancelled = true;
            _timer.Dispose();
        }

        public void Dispose() => Cancel();

        private void Fire()
        {
            if (!_cancelled)
                _action();
        }
    }
}
