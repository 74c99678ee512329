namespace Orchestrator.NodeAgent.Server.Stats;

/// <summary>A counter of processor time at one moment, and how fast it grew before.</summary>
internal sealed record CpuSample(DateTimeOffset At, long Nanoseconds, long? NanoCores);

/// <summary>
/// How many nanoseconds of processor time per second things use, from what their counters said when they were looked at before: nothing is known at the first look. Thread-safe.
/// </summary>
internal sealed class CpuRates
{
    // Over less than that the kernel's own steps would show.
    private static readonly TimeSpan ShortestWindow = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, CpuSample> _samples = [];

    /// <summary>Takes a look at one thing and gives its rate, null where it is not known yet.</summary>
    public long? Next(string key, DateTimeOffset at, long nanoseconds)
    {
        lock (_lock) return (_samples[key] = Step(_samples.GetValueOrDefault(key), at, nanoseconds)).NanoCores;
    }

    /// <summary>Forgets what has not been looked at for long: it has ended.</summary>
    public void Forget(DateTimeOffset now)
    {
        lock (_lock)
            foreach (var key in _samples.Where(s => s.Value.At < now - KeptFor).Select(s => s.Key).ToList()) _samples.Remove(key);
    }

    /// <summary>The sample after a look. Pure.</summary>
    internal static CpuSample Step(CpuSample? before, DateTimeOffset at, long nanoseconds)
    {
        // A counter that runs backwards is another one.
        if (before is null || at < before.At || nanoseconds < before.Nanoseconds) return new CpuSample(at, nanoseconds, null);
        var window = at - before.At;
        return window < ShortestWindow ? before : new CpuSample(at, nanoseconds, (long)((nanoseconds - before.Nanoseconds) / window.TotalSeconds));
    }
}
