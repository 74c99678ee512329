namespace Orchestrator.Actors.Events;

/// <summary>
/// Keeps one source from flooding the cluster with events about one object (client-go's EventSourceObjectSpamFilter): <see cref="Burst"/> at once, then one every
/// <see cref="Refill"/>; what is more is dropped. A set that makes a thousand pods tells of the first ones. What it remembers is bounded.
/// </summary>
internal sealed class EventSpamFilter
{
    /// <summary>Events that may come at once.</summary>
    public const int Burst = 25;

    /// <summary>Time until one more may.</summary>
    public static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);

    private const int Remembered = 4096;

    private readonly Dictionary<Source, Bucket> _buckets = [];

    /// <summary>Whether the event is to be recorded.</summary>
    public bool Passes(RecordEvent e, DateTimeOffset now)
    {
        var source = new Source(e.Component, e.Host, e.Kind, e.Namespace, e.Name, e.Uid);
        if (!_buckets.TryGetValue(source, out var bucket))
        {
            if (_buckets.Count >= Remembered) Forget(now);
            bucket = new Bucket(Burst, now);
        }
        var left = Math.Min(Burst, bucket.Left + ((now - bucket.At) / Refill));
        if (left < 1) return false;
        _buckets[source] = new Bucket(left - 1, now);
        return true;
    }

    /// <summary>Lets go of those that matter least: nearly full buckets are like new ones. All go where that is not enough.</summary>
    private void Forget(DateTimeOffset now)
    {
        foreach (var (source, bucket) in _buckets)
            if (bucket.Left + ((now - bucket.At) / Refill) > Burst - 5) _buckets.Remove(source);
        if (_buckets.Count >= Remembered) _buckets.Clear();
    }

    private readonly record struct Source(string Component, string Host, string Kind, string Namespace, string Name, string Uid);

    private readonly record struct Bucket(double Left, DateTimeOffset At);
}
