using System.Globalization;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Nodes;

/// <summary>What a whole machine uses at one moment; null for what is not known.</summary>
public sealed record MachineUsage
{
    // Of /proc/stat's times, whatever the kernel's own clock is: USER_HZ is 100 in what user space sees.
    private const long NanosecondsPerTick = 10_000_000;

    /// <summary>Nothing is known: the node is a model, or its machine is another one than this.</summary>
    public static MachineUsage Unknown { get; } = new();

    /// <summary>When the machine started, which is since when everything is counted.</summary>
    public DateTimeOffset? BootedAt { get; init; }

    /// <summary>Processor time of all processors, and memory.</summary>
    public ResourceUsage? Resources { get; init; }

    /// <summary>Its network interfaces.</summary>
    public IReadOnlyList<InterfaceUsage>? Interfaces { get; init; }

    /// <summary>The machine that this process runs on, now.</summary>
    public static MachineUsage OfMachine(DateTimeOffset now) =>
        Parse(now, File.ReadAllLines("/proc/stat"), File.ReadAllLines("/proc/meminfo"), File.ReadAllLines("/proc/vmstat")) with { Interfaces = InterfaceCounters.Of(Environment.ProcessId) };

    /// <summary>Reads the lines of <c>/proc/stat</c>, <c>meminfo</c> and <c>vmstat</c>. Pure.</summary>
    public static MachineUsage Parse(DateTimeOffset now, IEnumerable<string> stat, IEnumerable<string> meminfo, IEnumerable<string> vmstat)
    {
        var times = Fields(stat);
        var memory = Fields(meminfo).ToDictionary(f => f.Key, f => f.Value[0] * 1024);
        var faults = Fields(vmstat);
        // user, nice, system, idle, iowait, irq, softirq, …: all but what waits. What was stolen for other machines is not this one's, and guests are within user.
        var cpu = times["cpu"];
        var used = memory["MemTotal"] - memory["MemFree"];
        return new MachineUsage
        {
            BootedAt = times.TryGetValue("btime", out var boot) ? DateTimeOffset.FromUnixTimeSeconds(boot[0]) : null,
            Resources = new ResourceUsage(now, (cpu[0] + cpu[1] + cpu[2] + cpu[5] + cpu[6]) * NanosecondsPerTick, used, Math.Max(0, used - memory.GetValueOrDefault("Inactive(file)")))
            {
                MemoryLimitBytes = memory["MemTotal"],
                RssBytes = memory.TryGetValue("AnonPages", out var rss) ? rss : null,
                PageFaults = faults.TryGetValue("pgfault", out var all) ? all[0] : null,
                MajorPageFaults = faults.TryGetValue("pgmajfault", out var major) ? major[0] : null,
            },
        };
    }

    private static Dictionary<string, long[]> Fields(IEnumerable<string> lines)
    {
        var fields = new Dictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var parts in lines.Select(l => l.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries)))
        {
            var numbers = parts.Skip(1).TakeWhile(p => p != "kB").Select(p => long.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToArray();
            if (numbers.Length > 0) fields[parts[0]] = numbers;
        }
        return fields;
    }
}
