using System.Globalization;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// What a cgroup uses, from the kernel's files of version 1 or 2. The working set is usage without the inactive file cache, as the kubelet counts it.
/// </summary>
internal static class CgroupUsage
{
    private const int NoSuchDevice = 19; // ENODEV: the file was open when its cgroup went

    // Version 1 has no word for "no limit": its number is the largest one that pages come to.
    private const long NoLimit = 1L << 62;

    /// <summary>Null where the cgroup is gone. <paramref name="cgroup"/> is a path below the hierarchy's root, <paramref name="at"/> the moment of reading.</summary>
    public static ResourceUsage? Read(string cgroup, DateTimeOffset at, string root = CgroupTree.Root)
    {
        try
        {
            return Directory.Exists($"{root}/memory") ? ReadFirst(cgroup, at, root) : ReadSecond(cgroup, at, root);
        }
        catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException or IOException { HResult: NoSuchDevice })
        {
            return null; // the container has ended meanwhile
        }
    }

    private static ResourceUsage ReadFirst(string cgroup, DateTimeOffset at, string root)
    {
        var memory = $"{root}/memory{cgroup}";
        var stat = Fields($"{memory}/memory.stat");
        var cpu = Number(File.ReadAllText($"{root}/cpuacct{cgroup}/cpuacct.usage"));
        return Make(at, cpu, Number(File.ReadAllText($"{memory}/memory.usage_in_bytes")), Limit($"{memory}/memory.limit_in_bytes"), stat, "total_inactive_file", "total_rss", "total_pgfault", "total_pgmajfault");
    }

    private static ResourceUsage ReadSecond(string cgroup, DateTimeOffset at, string root)
    {
        var group = root + cgroup;
        var cpu = Fields($"{group}/cpu.stat").GetValueOrDefault("usage_usec") * 1000;
        return Make(at, cpu, Number(File.ReadAllText($"{group}/memory.current")), Limit($"{group}/memory.max"), Fields($"{group}/memory.stat"), "inactive_file", "anon", "pgfault", "pgmajfault");
    }

    private static ResourceUsage Make(DateTimeOffset at, long cpu, long memory, long? limit, Dictionary<string, long> stat, string inactive, string rss, string faults, string majorFaults) =>
        new(at, cpu, memory, Math.Max(0, memory - stat.GetValueOrDefault(inactive)))
        {
            MemoryLimitBytes = limit,
            RssBytes = Find(stat, rss),
            PageFaults = Find(stat, faults),
            MajorPageFaults = Find(stat, majorFaults),
        };

    private static long? Find(Dictionary<string, long> stat, string name) => stat.TryGetValue(name, out var value) ? value : null;

    private static long? Limit(string file)
    {
        if (!File.Exists(file)) return null;
        var text = File.ReadAllText(file).Trim();
        return text != "max" && Number(text) is < NoLimit and var limit ? limit : null;
    }

    private static Dictionary<string, long> Fields(string file) =>
        File.ReadLines(file).Select(l => l.Split(' ')).Where(p => p.Length == 2).ToDictionary(p => p[0], p => Number(p[1]));

    private static long Number(string text) => long.Parse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
}
