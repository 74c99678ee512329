using System.Globalization;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// What a cgroup uses, from the kernel's files of version 1 or 2. Memory is the working set: usage without the inactive file cache, as the kubelet counts it.
/// </summary>
internal sealed record CgroupUsage(long CpuNanoseconds, long MemoryBytes)
{
    /// <summary>Null where the cgroup is gone. <paramref name="cgroup"/> is a path below the hierarchy's root.</summary>
    public static CgroupUsage? Read(string cgroup, string root = CgroupTree.Root)
    {
        try
        {
            return Directory.Exists($"{root}/memory")
                ? new CgroupUsage(Number(File.ReadAllText($"{root}/cpuacct{cgroup}/cpuacct.usage")),
                    WorkingSet($"{root}/memory{cgroup}/memory.usage_in_bytes", $"{root}/memory{cgroup}/memory.stat", "total_inactive_file"))
                : new CgroupUsage(Field($"{root}{cgroup}/cpu.stat", "usage_usec") * 1000,
                    WorkingSet($"{root}{cgroup}/memory.current", $"{root}{cgroup}/memory.stat", "inactive_file"));
        }
        catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException or IOException { HResult: NoSuchDevice })
        {
            return null; // the container has ended meanwhile
        }
    }

    private const int NoSuchDevice = 19; // ENODEV: the file was open when its cgroup went

    private static long WorkingSet(string usageFile, string statFile, string inactive) =>
        Math.Max(0, Number(File.ReadAllText(usageFile)) - Field(statFile, inactive));

    private static long Field(string file, string name) =>
        File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name + " ", StringComparison.Ordinal)) is { } line ? Number(line[(name.Length + 1)..]) : 0;

    private static long Number(string text) => long.Parse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
}
