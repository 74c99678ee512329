namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>
/// Counts pods by what they are and where they run, for the rules that look beyond one node (inter-pod affinity, spreading). Counters come into being when first
/// asked for, follow every change from then on, and go when nobody has asked for long. So a decision reads a few numbers where upstream walks all nodes and pods.
/// </summary>
/// <remarks>
/// <code>
///   pod comes ──► its PodClass ──► PodSelections it is in ──► DomainCounters (per topology key and node subset)  +1 in the node's domain
///             └─► the AffinityTerms it holds ──► HeldTerm.Holders                                               +1 in the node's domain
/// </code>
/// </remarks>
public sealed class TopologyIndex
{
    private const int MostSelections = 4096;
    private const int MostUnheldTerms = 256;

    private readonly Func<IReadOnlyList<NodeInfo>> _nodes;
    private readonly PodClass.Pool _classes = new();
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TopologyKey> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeSubset> _subsets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PodSelection> _selections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HeldTerm> _held = new(StringComparer.Ordinal);
    private readonly NodeSubset _all;
    private int _unheld;
    private long _termsVersion;
    private long _questions;

    /// <param name="nodes">The existing nodes.</param>
    internal TopologyIndex(Func<IReadOnlyList<NodeInfo>> nodes)
    {
        _nodes = nodes;
        EachNode = new TopologyKey(null);
        _all = Subset(NodeSubset.All, static _ => true);
    }

    /// <summary>Every node as a domain of its own.</summary>
    public TopologyKey EachNode { get; }

    /// <summary>The domains of a node label.</summary>
    public TopologyKey Key(string label)
    {
        if (_keys.TryGetValue(label, out var key)) return key;
        _keys[label] = key = new TopologyKey(label);
        foreach (var node in _nodes()) key.Come(node);
        return key;
    }

    /// <summary>The nodes that fulfil a condition on name, labels and taints; equal conditions must have equal keys.</summary>
    public NodeSubset Subset(string key, Func<NodeInfo, bool> contains)
    {
        if (_subsets.TryGetValue(key, out var subset)) return subset;
        _subsets[key] = subset = new NodeSubset(key, contains);
        foreach (var node in _nodes()) subset.Come(node);
        return subset;
    }

    /// <summary>The subset of all nodes.</summary>
    public NodeSubset AllNodes => _all;

    /// <summary>The count of the pods that all of the terms mean. Valid until the next change of the cluster: ask again for the next pod.</summary>
    public DomainCounter Counter(ReadOnlySpan<PodTerm> terms, bool withTerminating, TopologyKey key, NodeSubset subset)
    {
        var selection = Selection(terms, withTerminating);
        selection.LastUsed = ++_questions;
        foreach (var counter in selection.Counters)
            if (ReferenceEquals(counter.Key, key) && ReferenceEquals(counter.Subset, subset)) return counter;
        var made = new DomainCounter(key, subset);
        foreach (var node in _nodes())
        {
            made.NodeCame(node);
            foreach (var pod in node.Pods)
                if (pod.Class!.Selections.Contains(selection)) made.Count(node, 1);
        }
        selection.Counters.Add(made);
        return made;
    }

    /// <summary>The terms that pods on nodes hold about a pod that looks like this.</summary>
    public IReadOnlyList<HeldTerm> TermsAbout(PodInfo pod)
    {
        var known = ClassOf(pod);
        if (known.TermsVersion == _termsVersion) return known.Terms;
        known.Terms.Clear();
        var labels = LabelsOf(known.Namespace);
        foreach (var held in _held.Values)
            if (held.Term.Pods.Matches(known.Namespace, known.Labels, labels)) known.Terms.Add(held);
        known.TermsVersion = _termsVersion;
        return known.Terms;
    }

    /// <summary>Whether a term means this pod.</summary>
    public bool Means(PodTerm term, PodInfo pod) => term.Matches(pod.Key.Namespace, pod.Labels, LabelsOf(pod.Key.Namespace));

    /// <summary>A namespace's labels as they are now; null where it is gone. Says whether anything differs.</summary>
    internal bool NamespaceChanged(string name, IReadOnlyDictionary<string, string>? labels)
    {
        if (LabelMaps.Same(LabelsOf(name), labels ?? LabelMaps.None)) return false;
        if (labels is null) _namespaces.Remove(name);
        else _namespaces[name] = labels;
        _termsVersion++;
        // Rare: namespaces are labelled by people. Whatever was counted by namespace labels is counted anew when asked for.
        foreach (var selection in _selections.Values.ToList()) Drop(selection);
        return true;
    }

    /// <summary>The node is listed now, with its labels and taints and the pods it has.</summary>
    internal void NodeComes(NodeInfo node)
    {
        EachNode.Come(node);
        foreach (var key in _keys.Values) key.Come(node);
        foreach (var subset in _subsets.Values) subset.Come(node);
        foreach (var selection in _selections.Values)
            foreach (var counter in selection.Counters) counter.NodeCame(node);
        foreach (var held in _held.Values) held.Holders.NodeCame(node);
        foreach (var pod in node.Pods) Count(node, pod, 1);
    }

    /// <summary>The node is about to be unlisted, or to change its labels or taints.</summary>
    internal void NodeGoes(NodeInfo node)
    {
        foreach (var pod in node.Pods) Count(node, pod, -1);
        foreach (var selection in _selections.Values)
            foreach (var counter in selection.Counters) counter.NodeLeft(node);
        foreach (var held in _held.Values) held.Holders.NodeLeft(node);
        foreach (var subset in _subsets.Values) subset.Leave(node);
        foreach (var key in _keys.Values) key.Leave(node);
        EachNode.Leave(node);
    }

    /// <summary>A pod is on a node now, which may or may not be listed.</summary>
    internal void PodCame(NodeInfo node, PodInfo pod)
    {
        pod.Class = ClassOf(pod);
        pod.Class.Placed++;
        foreach (var term in pod.AffinityTerms)
            if (Hold(term).References++ == 0) _unheld--;
        if (node.Index >= 0) Count(node, pod, 1);
    }

    /// <summary>A pod is no longer on a node.</summary>
    internal void PodLeft(NodeInfo node, PodInfo pod)
    {
        if (node.Index >= 0) Count(node, pod, -1);
        foreach (var term in pod.AffinityTerms)
            if (--_held[term.Key].References == 0) _unheld++;
        pod.Class!.Placed--;
        pod.Class = null;
    }

    /// <summary>Forgets terms that nobody holds any more. Between two decisions only: questions that are being asked look at their counters.</summary>
    internal void Tidy()
    {
        if (_unheld < MostUnheldTerms) return;
        foreach (var (key, held) in _held)
            if (held.References == 0) _held.Remove(key);
        _unheld = 0;
        _termsVersion++;
    }

    private void Count(NodeInfo node, PodInfo pod, int sign)
    {
        foreach (var selection in pod.Class!.Selections)
            foreach (var counter in selection.Counters) counter.Count(node, sign);
        foreach (var term in pod.AffinityTerms) _held[term.Key].Holders.Count(node, sign);
    }

    private HeldTerm Hold(AffinityTerm term)
    {
        if (_held.TryGetValue(term.Key, out var held)) return held;
        held = new HeldTerm(term, new DomainCounter(Key(term.TopologyKey), _all));
        foreach (var node in _nodes()) held.Holders.NodeCame(node);
        _held.Add(term.Key, held);
        _unheld++;
        _termsVersion++;
        return held;
    }

    private PodClass ClassOf(PodInfo pod) => pod.Class ?? _classes.Of(pod.Key.Namespace, pod.Labels, pod.Terminating, known =>
    {
        var labels = LabelsOf(known.Namespace);
        foreach (var selection in _selections.Values)
            if (selection.Matches(known, labels)) known.Selections.Add(selection);
    });

    private PodSelection Selection(ReadOnlySpan<PodTerm> terms, bool withTerminating)
    {
        var key = PodSelection.KeyOf(terms, withTerminating);
        if (_selections.TryGetValue(key, out var known)) return known;
        if (_selections.Count >= MostSelections) ForgetUnused();
        var selection = new PodSelection(key, terms.ToArray(), withTerminating);
        _selections.Add(key, selection);
        foreach (var candidate in _classes.All)
            if (selection.Matches(candidate, LabelsOf(candidate.Namespace))) candidate.Selections.Add(selection);
        return selection;
    }

    /// <summary>Half of the selections go, those asked for longest ago first, and the subsets that only they used.</summary>
    private void ForgetUnused()
    {
        foreach (var selection in _selections.Values.OrderBy(s => s.LastUsed).Take(_selections.Count / 2).ToList()) Drop(selection);
        var used = _selections.Values.SelectMany(s => s.Counters).Select(c => c.Subset).Append(_all).ToHashSet();
        foreach (var (key, subset) in _subsets)
            if (!used.Contains(subset)) _subsets.Remove(key);
    }

    private void Drop(PodSelection selection)
    {
        _selections.Remove(selection.Key);
        foreach (var known in _classes.All) known.Selections.Remove(selection);
    }

    private IReadOnlyDictionary<string, string> LabelsOf(string ns) => _namespaces.GetValueOrDefault(ns, LabelMaps.None);
}
