namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>
/// All pods of one namespace with equal labels. The pods of a workload mostly are one class, so what selectors say about a pod is worked out once
/// per class. Pods that are being deleted are a class of their own: spread constraints no longer count them, affinity does.
/// </summary>
public sealed class PodClass
{
    internal PodClass(string ns, IReadOnlyDictionary<string, string> labels, bool terminating) => (Namespace, Labels, Terminating) = (ns, labels, terminating);

    /// <summary>metadata.namespace.</summary>
    public string Namespace { get; }

    /// <summary>metadata.labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>Marked for deletion.</summary>
    public bool Terminating { get; }

    /// <summary>Pods of the class that are on nodes.</summary>
    internal int Placed { get; set; }

    /// <summary>The selections of interest that these pods are in.</summary>
    internal List<PodSelection> Selections { get; } = [];

    /// <summary>The terms of other pods that speak of these pods, as of <see cref="TermsVersion"/>.</summary>
    internal List<HeldTerm> Terms { get; } = [];

    /// <summary>Which state of the index <see cref="Terms"/> reflects.</summary>
    internal long TermsVersion { get; set; } = -1;

    /// <summary>Finds the class of a pod without making a key of its own.</summary>
    internal sealed class Pool
    {
        private readonly Dictionary<Identity, PodClass> _classes = new(new IdentityComparer());
        private int _sweepAt = 1024;

        public IEnumerable<PodClass> All => _classes.Values;

        /// <summary>The class, made and handed to <paramref name="made"/> on first use.</summary>
        public PodClass Of(string ns, IReadOnlyDictionary<string, string> labels, bool terminating, Action<PodClass> made)
        {
            var identity = new Identity(ns, labels, terminating);
            if (_classes.TryGetValue(identity, out var known)) return known;
            if (_classes.Count >= _sweepAt) Sweep();
            var added = new PodClass(ns, labels, terminating);
            _classes.Add(identity, added);
            made(added);
            return added;
        }

        /// <summary>Classes without a pod on a node are known to nobody but this pool.</summary>
        private void Sweep()
        {
            foreach (var (identity, known) in _classes)
                if (known.Placed == 0) _classes.Remove(identity);
            _sweepAt = Math.Max(1024, _classes.Count * 2);
        }
    }

    private readonly record struct Identity(string Namespace, IReadOnlyDictionary<string, string> Labels, bool Terminating);

    private sealed class IdentityComparer : IEqualityComparer<Identity>
    {
        public bool Equals(Identity x, Identity y) => x.Terminating == y.Terminating && x.Namespace == y.Namespace && LabelMaps.Same(x.Labels, y.Labels);

        public int GetHashCode(Identity identity)
        {
            // A sum, because labels come in any order.
            var hash = identity.Namespace.GetHashCode(StringComparison.Ordinal) + (identity.Terminating ? 1 : 0);
            foreach (var (key, value) in identity.Labels) hash += HashCode.Combine(key, value);
            return hash;
        }
    }
}
