namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>A set of pods somebody counts: those that all of the terms mean. Which classes are in it is kept, so a pod that comes costs no matching.</summary>
public sealed class PodSelection
{
    private readonly PodTerm[] _terms;
    private readonly bool _withTerminating;

    internal PodSelection(string key, PodTerm[] terms, bool withTerminating) => (Key, _terms, _withTerminating) = (key, terms, withTerminating);

    /// <summary>Equal selections have equal keys.</summary>
    public string Key { get; }

    /// <summary>The counters over it.</summary>
    internal List<DomainCounter> Counters { get; } = [];

    /// <summary>The number of the last question about it.</summary>
    internal long LastUsed { get; set; }

    /// <summary>Whether pods of a class are in it.</summary>
    internal bool Matches(PodClass known, IReadOnlyDictionary<string, string> namespaceLabels)
    {
        if (known.Terminating && !_withTerminating) return false;
        foreach (var term in _terms)
            if (!term.Matches(known.Namespace, known.Labels, namespaceLabels)) return false;
        return true;
    }

    internal static string KeyOf(ReadOnlySpan<PodTerm> terms, bool withTerminating)
    {
        if (terms.Length == 1) return withTerminating ? terms[0].Key : terms[0].Key + "!";
        var keys = new string[terms.Length];
        for (var i = 0; i < keys.Length; i++) keys[i] = terms[i].Key;
        return string.Join('&', keys) + (withTerminating ? "" : "!");
    }
}
