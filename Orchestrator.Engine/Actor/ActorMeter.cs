using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Orchestrator.Engine.Actor;

/// <summary>
/// Adds up what actors use by their class, turn by turn of their mailboxes: what a benchmark asks. A system without one pays nothing; with one, two system calls per turn.
/// </summary>
public sealed partial class ActorMeter
{
    private const int ThreadCpuTime = 3;

    private readonly ConcurrentDictionary<Type, Sum> _sums = new();

    /// <summary>What was used so far, by class.</summary>
    public IReadOnlyDictionary<Type, Used> Read() =>
        _sums.ToDictionary(s => s.Key, s => new Used(TimeSpan.FromMicroseconds(Interlocked.Read(ref s.Value.Nanoseconds) / 1000.0), Interlocked.Read(ref s.Value.Bytes), Interlocked.Read(ref s.Value.Turns)));

    /// <summary>The calling thread's processor time in nanoseconds and allocated bytes, both so far.</summary>
    internal static (long Nanoseconds, long Bytes) Thread() =>
        (clock_gettime(ThreadCpuTime, out var time) == 0 ? time.Seconds * 1_000_000_000 + time.Nanoseconds : 0, GC.GetAllocatedBytesForCurrentThread());

    internal void Add(Type actor, (long Nanoseconds, long Bytes) from)
    {
        var (nanoseconds, bytes) = Thread();
        var sum = _sums.GetOrAdd(actor, static _ => new Sum());
        Interlocked.Add(ref sum.Nanoseconds, nanoseconds - from.Nanoseconds);
        Interlocked.Add(ref sum.Bytes, bytes - from.Bytes);
        Interlocked.Increment(ref sum.Turns);
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out TimeSpec time);

    /// <summary>Of one class of actors.</summary>
    /// <param name="Processor">Processor time.</param>
    /// <param name="Bytes">Allocated bytes.</param>
    /// <param name="Turns">Turns of mailboxes.</param>
    public readonly record struct Used(TimeSpan Processor, long Bytes, long Turns);

    private sealed class Sum
    {
        public long Nanoseconds;
        public long Bytes;
        public long Turns;
    }

    private readonly struct TimeSpec
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
