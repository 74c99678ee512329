using Orchestrator.Actors.Caching;

namespace Orchestrator.Api.Lists;

/// <summary>
/// Keeps the snapshots that pages of unfinished lists come from, five minutes each (DESIGN §5). Snapshots share their unchanged parts, so
/// one costs little; beyond <see cref="Capacity"/> the oldest goes and its token gets the 410 that a late one gets.
/// </summary>
public sealed class ListSnapshots(TimeProvider time)
{
    /// <summary>How long a token keeps its snapshot.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>Most snapshots kept.</summary>
    public const int Capacity = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Resource, long Version), (SortedEntries Entries, DateTimeOffset Until)> _kept = [];

    /// <summary>Keeps a snapshot from now on, or longer.</summary>
    public void Keep(string resource, long version, SortedEntries entries)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            foreach (var (key, kept) in _kept)
                if (kept.Until <= now) _kept.Remove(key);
            if (_kept.Count >= Capacity) _kept.Remove(_kept.MinBy(k => k.Value.Until).Key);
            _kept[(resource, version)] = (entries, now + Lifetime);
        }
    }

    /// <summary>The snapshot, or null where it is gone.</summary>
    public SortedEntries? Find(string resource, long version)
    {
        lock (_lock) return _kept.TryGetValue((resource, version), out var kept) && kept.Until > time.GetUtcNow() ? kept.Entries : null;
    }
}
