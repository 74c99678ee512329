using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Orchestrator.Engine.Actor;

/// <summary>What a system is made with; everything has a default.</summary>
public sealed record ActorSystemSetup
{
    /// <summary>The clock of every timer and timeout.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Configuration for extensions; null for their defaults.</summary>
    public IConfiguration? Configuration { get; init; }

    /// <summary>Where loggers come from; null for silence.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>How <c>/user</c> supervises the top-level actors; an escalation stops the system.</summary>
    public SupervisorStrategy GuardianStrategy { get; init; } = SupervisorStrategy.DefaultStrategy;

    /// <summary>The system's <see cref="ActorSystem.Uid"/>; null for a random one. Tests give it to be repeatable.</summary>
    public long? Uid { get; init; }

    /// <summary>Counts what is in flight, for tests; null costs nothing.</summary>
    public ActivityCounter? Activity { get; init; }

    /// <summary>Adds up processor time by class of actor, for benchmarks; null costs nothing.</summary>
    public ActorMeter? Meter { get; init; }
}

/// <summary>
/// Counts mailboxes that have work and operations announced with <see cref="Begin"/>. Zero means quiescent: nothing happens before somebody outside
/// sends a message or time passes. For tests in virtual time.
/// </summary>
public sealed class ActivityCounter
{
    private readonly Lock _lock = new();
    private long _count;
    private TaskCompletionSource? _quiet;

    /// <summary>How many are in flight.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>One more is in flight.</summary>
    public void Begin() => Interlocked.Increment(ref _count);

    /// <summary>One has ended.</summary>
    public void End()
    {
        if (Interlocked.Decrement(ref _count) != 0)
            return;
        lock (_lock)
        {
            if (Interlocked.Read(ref _count) != 0)
                return;
            _quiet?.TrySetResult();
            _quiet = null;
        }
    }

    /// <summary>Completes at a moment when nothing is in flight.</summary>
    public Task WhenQuiescent()
    {
        lock (_lock)
        {
            if (Interlocked.Read(ref _count) == 0)
                return Task.CompletedTask;
            _quiet ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _quiet.Task;
        }
    }
}
