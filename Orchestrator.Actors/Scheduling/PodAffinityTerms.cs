using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>Reads podAffinity and podAntiAffinity.</summary>
internal static class PodAffinityTerms
{
    public static AffinityTerm[] Of(Pod pod, IReadOnlyDictionary<string, string> labels)
    {
        if (pod.Spec.Affinity is not { } affinity || (affinity.PodAffinity is null && affinity.PodAntiAffinity is null)) return [];
        AffinityTerm Compile(PodAffinityTerm term, AffinityRule rule, int weight) => new(rule, PodTerm.Of(term, pod.Metadata.Namespace, labels), term.TopologyKey, weight);
        return
        [
            .. (affinity.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Select(t => Compile(t, AffinityRule.Required, 0)),
            .. (affinity.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Select(t => Compile(t, AffinityRule.RequiredApart, 0)),
            .. (affinity.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(t => Compile(t.PodAffinityTerm, AffinityRule.Preferred, t.Weight)),
            .. (affinity.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(t => Compile(t.PodAffinityTerm, AffinityRule.PreferredApart, t.Weight)),
        ];
    }
}
