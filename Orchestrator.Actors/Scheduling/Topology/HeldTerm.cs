namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>A term of affinity that pods on nodes hold, with the number of its holders per domain: what it means for a pod that comes is one look per node.</summary>
public sealed class HeldTerm
{
    internal HeldTerm(AffinityTerm term, DomainCounter holders) => (Term, Holders) = (term, holders);

    /// <summary>The term.</summary>
    public AffinityTerm Term { get; }

    /// <summary>The pods that hold it.</summary>
    public DomainCounter Holders { get; }

    /// <summary>Holders, those on nodes that are not there included.</summary>
    internal int References { get; set; }
}
