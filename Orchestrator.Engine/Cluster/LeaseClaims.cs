using System.Collections.Immutable;

namespace Orchestrator.Engine.Cluster;

/// <summary>Which leases this member competes for, and which of them it has been told that it holds. Thread-safe.</summary>
internal sealed class LeaseClaims
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Claim> _claims = new(StringComparer.Ordinal);

    private sealed class Claim(Action<bool> onChange)
    {
        public bool Owned { get; private set; }

        public void Become(bool owned)
        {
            if (Owned == owned) return;
            Owned = owned;
            onChange(owned);
        }
    }

    /// <summary>What to compete for.</summary>
    public ImmutableArray<string> Wanted
    {
        get
        {
            lock (_lock) return [.. _claims.Keys];
        }
    }

    public void Add(string name, Action<bool> onChange)
    {
        lock (_lock)
        {
            if (!_claims.TryAdd(name, new Claim(onChange))) throw new InvalidOperationException($"The lease {name} is competed for already; release it first.");
        }
    }

    public void Remove(string name)
    {
        lock (_lock) _claims.Remove(name);
    }

    /// <summary>The member holds exactly these. Returns those that nobody here wants any more.</summary>
    public ImmutableArray<string> Hold(IReadOnlyCollection<string> held)
    {
        // Told within the lock, so that nobody who has released hears anything after.
        lock (_lock)
        {
            foreach (var (name, claim) in _claims.ToArray()) claim.Become(held.Contains(name));
            return [.. held.Where(name => !_claims.ContainsKey(name))];
        }
    }
}
