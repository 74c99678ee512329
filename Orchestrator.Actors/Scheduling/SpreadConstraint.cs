using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>A topology spread constraint of a pod, compiled.</summary>
/// <param name="TopologyKey">The node label whose values are the domains.</param>
/// <param name="MaxSkew">How many more pods than the emptiest domain a domain may have.</param>
/// <param name="MinDomains">With fewer domains than this the emptiest counts as empty.</param>
/// <param name="Hard">DoNotSchedule; else ScheduleAnyway.</param>
/// <param name="Pods">The pods that are spread. Upstream counts none where the selector asks for nothing, though it would select all.</param>
/// <param name="HonorAffinity">Only nodes that the pod's nodeSelector and required node affinity allow count.</param>
/// <param name="HonorTaints">Only nodes whose taints the pod tolerates count.</param>
/// <param name="MeansItself">Whether the pod that is placed will be one of them.</param>
public sealed record SpreadConstraint(string TopologyKey, int MaxSkew, int MinDomains, bool Hard, PodTerm Pods, bool MeansItself, bool HonorAffinity, bool HonorTaints)
{
    /// <summary>Compiles a constraint of a pod in a namespace with these labels.</summary>
    public static SpreadConstraint Of(TopologySpreadConstraint source, string ns, IReadOnlyDictionary<string, string> labels)
    {
        var selector = PodTerm.SelectorOf(source, labels);
        return new SpreadConstraint(source.TopologyKey, source.MaxSkew, source.MinDomains ?? 1, source.WhenUnsatisfiable != "ScheduleAnyway",
            PodTerm.Of(ns, selector.IsEmpty ? LabelSelector.Nothing : selector), selector.Matches(labels), source.NodeAffinityPolicy is null or "Honor", source.NodeTaintsPolicy == "Honor");
    }
}
