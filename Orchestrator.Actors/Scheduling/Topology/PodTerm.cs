using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Types.Core.V1;
using MetaSelector = Orchestrator.Resources.Types.Meta.V1.LabelSelector;

namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>
/// Pods by namespace and labels, as terms of inter-pod affinity and spread constraints name them: a pod is meant where its namespace is listed, or its
/// namespace's labels match the namespace selector, and its own labels match the selector.
/// </summary>
public sealed class PodTerm
{
    private readonly string[] _namespaces;
    private readonly LabelSelector _namespaceSelector;
    private readonly LabelSelector _selector;

    private PodTerm(string[] namespaces, LabelSelector namespaceSelector, LabelSelector selector)
    {
        (_namespaces, _namespaceSelector, _selector) = (namespaces, namespaceSelector, selector);
        Key = $"{string.Join(',', namespaces)}|{Text(namespaceSelector)}|{Text(selector)}";
    }

    /// <summary>Equal terms have equal keys.</summary>
    public string Key { get; }

    /// <summary>The one namespace its pods can be in, or null where there may be others.</summary>
    public string? OnlyNamespace => _namespaces.Length == 1 && _namespaceSelector.MatchesNothing ? _namespaces[0] : null;

    /// <summary>
    /// The pods that a term of a pod's affinity means. The values of <c>matchLabelKeys</c> and <c>mismatchLabelKeys</c> are the pod's own; keys it does not have are ignored.
    /// </summary>
    public static PodTerm Of(PodAffinityTerm term, string podNamespace, IReadOnlyDictionary<string, string> podLabels)
    {
        var selector = Compile(term.LabelSelector,
        [
            .. Own(term.MatchLabelKeys, podLabels).Select(l => Requirement.Create(l.Key, SelectorOperator.In, [l.Value])),
            .. Own(term.MismatchLabelKeys, podLabels).Select(l => Requirement.Create(l.Key, SelectorOperator.NotIn, [l.Value])),
        ]);
        var listed = term.Namespaces is { Count: > 0 } names ? names.Order(StringComparer.Ordinal).ToArray() : [];
        if (listed.Length == 0 && term.NamespaceSelector is null) listed = [podNamespace];
        return new PodTerm(listed, Compile(term.NamespaceSelector, []), selector);
    }

    /// <summary>What a spread constraint selects among the pods of its pod's namespace.</summary>
    public static LabelSelector SelectorOf(TopologySpreadConstraint constraint, IReadOnlyDictionary<string, string> podLabels) =>
        Compile(constraint.LabelSelector, [.. Own(constraint.MatchLabelKeys, podLabels).Select(l => Requirement.Create(l.Key, SelectorOperator.In, [l.Value]))]);

    /// <summary>The pods of one namespace that a selector selects.</summary>
    public static PodTerm Of(string ns, LabelSelector selector) => new([ns], LabelSelector.Nothing, selector);

    /// <summary>A metav1 selector, and what is required beside it: absent selects nothing, whatever else is required.</summary>
    public static LabelSelector Compile(MetaSelector? selector, IReadOnlyList<Requirement> more)
    {
        if (selector is null) return LabelSelector.Nothing;
        return LabelSelector.Of(
        [
            .. (selector.MatchLabels ?? []).Select(l => Requirement.Create(l.Key, SelectorOperator.In, [l.Value])),
            .. (selector.MatchExpressions ?? []).Select(e => Requirement.Create(e.Key, Enum.Parse<SelectorOperator>(e.Operator), e.Values ?? [])),
            .. more,
        ]);
    }

    /// <summary>Whether a pod with these labels is meant.</summary>
    public bool Matches(string ns, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> namespaceLabels) =>
        (Array.IndexOf(_namespaces, ns) >= 0 || _namespaceSelector.Matches(namespaceLabels)) && _selector.Matches(labels);

    private static IEnumerable<KeyValuePair<string, string>> Own(List<string>? keys, IReadOnlyDictionary<string, string> labels)
    {
        foreach (var key in keys ?? [])
            if (labels.TryGetValue(key, out var value)) yield return KeyValuePair.Create(key, value);
    }

    private static string Text(LabelSelector selector) => selector.MatchesNothing ? "-" : selector.ToString();
}
