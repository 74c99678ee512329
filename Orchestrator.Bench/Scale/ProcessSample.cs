using System.Globalization;
using System.Runtime;

namespace Orchestrator.Bench.Scale;

/// <summary>What this process has used so far.</summary>
internal sealed record ProcessSample(long At, TimeSpan Processor, TimeSpan Paused, long AllocatedBytes, int Collections0, int Collections2, TimeSpan Writer, TimeSpan Compiling, long CompiledMethods)
{
    /// <summary>Now.</summary>
    public static ProcessSample Take() => new(TimeProvider.System.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetTotalPauseDuration(), GC.GetTotalAllocatedBytes(), GC.CollectionCount(0), GC.CollectionCount(2), OfThreads("journal writer"), JitInfo.GetCompilationTime(), JitInfo.GetCompiledMethodCount());

    /// <summary>Bytes of live objects after a full collection, and resident bytes of the process.</summary>
    public static (long Live, long Resident) Memory()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return (GC.GetTotalMemory(forceFullCollection: false), Environment.WorkingSet);
    }

    /// <summary>Processor time of the threads of that name (of which the kernel keeps 15 characters).</summary>
    private static TimeSpan OfThreads(string name)
    {
        var ticks = 0L;
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                var stat = File.ReadAllText(Path.Combine(thread, "stat"));
                var end = stat.LastIndexOf(')');
                if (stat[(stat.IndexOf('(', StringComparison.Ordinal) + 1)..end] != name) continue;
                var fields = stat[(end + 2)..].Split(' ');
                ticks += long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // A thread that has just ended.
            }
        }
        return TimeSpan.FromMilliseconds(ticks * 10); // 100 ticks in a second on every Linux
    }
}
