namespace Orchestrator.Actors.Scheduling;

/// <summary>How pods of one schedulerName are placed (a profile of KubeSchedulerConfiguration).</summary>
public sealed record SchedulerProfile
{
    /// <summary>Kubernetes' default profile and no other.</summary>
    public static IReadOnlyList<SchedulerProfile> OnlyDefault { get; } = [new()];

    /// <summary>The schedulerName that pods name.</summary>
    public string Name { get; init; } = ClusterScheduler.Name;

    /// <summary>Weights of scoring plugins where they differ from Kubernetes' defaults, by plugin name; 0 leaves a plugin out of scoring.</summary>
    public IReadOnlyDictionary<string, long> Weights { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Plugins that do not take part at all.</summary>
    public IReadOnlySet<string> Disabled { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>scoringStrategy of NodeResourcesFit.</summary>
    public FitStrategy Strategy { get; init; } = FitStrategy.Default;

    /// <summary>hardPodAffinityWeight of InterPodAffinity.</summary>
    public int HardPodAffinityWeight { get; init; } = 1;

    /// <summary>addedAffinity of NodeAffinity.</summary>
    public AddedAffinity AddedAffinity { get; init; } = AddedAffinity.None;

    /// <summary>defaultConstraints of PodTopologySpread.</summary>
    public SpreadDefaults SpreadDefaults { get; init; } = SpreadDefaults.System;

    /// <summary>percentageOfNodesToScore; 0 chooses by the size of the cluster.</summary>
    public int PercentageOfNodesToScore { get; init; }

    /// <summary>Names of all plugins that can be disabled or weighted.</summary>
    public static IReadOnlyList<string> PluginNames { get; } =
    [
        "NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit", "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding",
        "VolumeZone", "PodTopologySpread", "InterPodAffinity", "DefaultPreemption", "NodeResourcesBalancedAllocation", "ImageLocality",
    ];

    /// <summary>The profile's plugins, in Kubernetes' order.</summary>
    internal (IReadOnlyList<IFilterPlugin> Filters, IReadOnlyList<(IScorePlugin Plugin, long Weight)> Scorers) Plugins(ResourceColumns columns)
    {
        var taints = new Plugins.TaintToleration();
        var affinity = new Plugins.NodeAffinity(AddedAffinity);
        var fit = new Plugins.NodeResourcesFit(columns, Strategy);
        var spread = new Plugins.PodTopologySpread(SpreadDefaults);
        var pods = new Plugins.InterPodAffinity(HardPodAffinityWeight);
        IFilterPlugin[] filters =
        [
            new Plugins.NodeUnschedulable(), new Plugins.NodeName(), taints, affinity, new Plugins.NodePorts(), fit, new Plugins.VolumeRestrictions(), new Plugins.NodeVolumeLimits(),
            new Plugins.VolumeBinding(), new Plugins.VolumeZone(), spread, pods,
        ];
        IScorePlugin[] scorers = [taints, affinity, spread, pods, fit, new Plugins.NodeResourcesBalancedAllocation(), new Plugins.ImageLocality()];
        return ([.. filters.Where(f => !Disabled.Contains(f.Name))],
            [.. scorers.Where(s => !Disabled.Contains(s.Name)).Select(s => (s, Weights.GetValueOrDefault(s.Name, s.Weight))).Where(s => s.Item2 > 0)]);
    }
}
