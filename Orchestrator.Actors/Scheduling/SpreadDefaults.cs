using Orchestrator.Actors.Scheduling.Topology;

namespace Orchestrator.Actors.Scheduling;

/// <summary>Spread constraints for pods that have none of their own.</summary>
public sealed class SpreadDefaults
{
    private readonly (string Key, int MaxSkew, bool Hard)[] _constraints;

    private SpreadDefaults((string, int, bool)[] constraints, bool system) => (_constraints, AreSystem) = (constraints, system);

    /// <summary>Kubernetes' built-in ones: over zones with skew 3 and over hosts with skew 5, as wishes; nodes without a zone take part.</summary>
    public static SpreadDefaults System { get; } = new([("topology.kubernetes.io/zone", 3, false), ("kubernetes.io/hostname", 5, false)], system: true);

    /// <summary>None.</summary>
    public static SpreadDefaults None { get; } = new([], system: false);

    /// <summary>Whether these are the built-in ones.</summary>
    public bool AreSystem { get; }

    /// <summary>A profile's own list.</summary>
    public static SpreadDefaults Of(IEnumerable<(string Key, int MaxSkew, bool Hard)> constraints) => new([.. constraints], system: false);

    internal bool Has(bool hard) => Array.Exists(_constraints, c => c.Hard == hard);

    internal SpreadConstraint[] Over(PodTerm pods, bool hard) =>
        [.. _constraints.Where(c => c.Hard == hard).Select(c => new SpreadConstraint(c.Key, c.MaxSkew, 1, c.Hard, pods, MeansItself: true, HonorAffinity: true, HonorTaints: false))];
}
