using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Server.Stats;

/// <summary>Makes pods of what the engine tells of containers and sandboxes.</summary>
internal static class PodFiguresBuilder
{
    /// <summary>By namespace and name. <paramref name="rate"/> is asked once for each counter, by a key that stays the thing's own.</summary>
    public static IReadOnlyList<PodFigures> Build(IEnumerable<ContainerUsage> usage, Func<string, ResourceUsage, long?> rate) =>
    [
        .. usage.GroupBy(u => PodLabels.Get(u.Labels, PodLabels.PodUid)).Where(g => g.Key.Length > 0).Select(g => Pod(g.Key, [.. g.OrderByDescending(u => u.StartedAt)], rate))
            .OrderBy(p => p.Namespace, StringComparer.Ordinal).ThenBy(p => p.Name, StringComparer.Ordinal),
    ];

    private static PodFigures Pod(string uid, IReadOnlyList<ContainerUsage> usage, Func<string, ResourceUsage, long?> rate)
    {
        var sandbox = usage.FirstOrDefault(u => PodLabels.Get(u.Labels, PodLabels.Role) == PodLabels.SandboxRole);
        // A try that has not quite ended may run beside the next one; the newest is the container.
        var containers = usage.Where(u => PodLabels.Get(u.Labels, PodLabels.Role) == PodLabels.ContainerRole).DistinctBy(Name).OrderBy(Name, StringComparer.Ordinal).ToList();
        var whole = sandbox?.Pod ?? Sum(containers);
        return new PodFigures(
            PodLabels.Get(usage[0].Labels, PodLabels.PodNamespace),
            PodLabels.Get(usage[0].Labels, PodLabels.PodName),
            uid,
            sandbox?.StartedAt ?? containers.Min(c => c.StartedAt),
            [.. containers.Select(c => new ContainerFigures(Name(c), c.StartedAt, Measured(c.ContainerId, c.Own, rate)))],
            Measured($"pod/{uid}", whole, rate),
            sandbox?.Interfaces);
    }

    /// <summary>Where the pod as such was not measured it uses what its containers use, if all of them were.</summary>
    private static ResourceUsage? Sum(IReadOnlyList<ContainerUsage> containers)
    {
        var own = containers.Select(c => c.Own).OfType<ResourceUsage>().ToList();
        if (own.Count == 0 || own.Count < containers.Count) return null;
        return new ResourceUsage(own.Max(o => o.At), own.Sum(o => o.CpuNanoseconds), own.Sum(o => o.MemoryBytes), own.Sum(o => o.WorkingSetBytes));
    }

    /// <summary>With its rate.</summary>
    public static MeasuredUse? Measured(string key, ResourceUsage? usage, Func<string, ResourceUsage, long?> rate) => usage is null ? null : new MeasuredUse(usage, rate(key, usage));

    private static string Name(ContainerUsage usage) => PodLabels.Get(usage.Labels, PodLabels.ContainerName);
}
