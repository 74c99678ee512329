namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>What a term of a pod's affinity demands, or wishes.</summary>
public enum AffinityRule
{
    /// <summary>requiredDuringScheduling of podAffinity.</summary>
    Required,

    /// <summary>requiredDuringScheduling of podAntiAffinity.</summary>
    RequiredApart,

    /// <summary>preferredDuringScheduling of podAffinity.</summary>
    Preferred,

    /// <summary>preferredDuringScheduling of podAntiAffinity.</summary>
    PreferredApart,
}

/// <summary>One term of a pod's affinity to, or away from, other pods.</summary>
/// <param name="Rule">What it demands.</param>
/// <param name="Pods">The pods it speaks of.</param>
/// <param name="TopologyKey">The node label whose value makes nodes one place.</param>
/// <param name="Weight">Of a preference, 1 to 100; 0 of a requirement.</param>
public sealed record AffinityTerm(AffinityRule Rule, PodTerm Pods, string TopologyKey, int Weight)
{
    /// <summary>Equal terms have equal keys.</summary>
    public string Key { get; } = $"{(int)Rule}:{Weight}:{TopologyKey}:{Pods.Key}";
}
