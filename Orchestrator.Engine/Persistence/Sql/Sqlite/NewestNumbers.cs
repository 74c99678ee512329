namespace Orchestrator.Engine.Persistence.Sql.Sqlite;

/// <summary>
/// What the only writer of a file knows of its entities' newest numbers, so that an entity that just goes on need not be looked up. Knows those written lately,
/// in two generations: a full one becomes the old one, and what of that is written again moves up.
/// </summary>
internal sealed class NewestNumbers
{
    /// <summary>Entities per generation.</summary>
    private const int Capacity = 4096;

    private Dictionary<string, long> _young = new(StringComparer.Ordinal);
    private Dictionary<string, long> _old = new(StringComparer.Ordinal);

    /// <summary>True where the number follows on the entity's newest; false where it does not or where that is not known.</summary>
    public bool IsNext(string persistenceId, long sequenceNr) =>
        (_young.TryGetValue(persistenceId, out var newest) || _old.TryGetValue(persistenceId, out newest)) && sequenceNr == newest + 1;

    /// <summary>The entity's newest row in the transaction under way; <see cref="Clear"/> where that is given up.</summary>
    public void Set(string persistenceId, long sequenceNr)
    {
        if (_young.Count >= Capacity && !_young.ContainsKey(persistenceId))
        {
            (_young, _old) = (_old, _young);
            _young.Clear();
        }
        _young[persistenceId] = sequenceNr;
    }

    /// <summary>Nothing is known any more.</summary>
    public void Clear()
    {
        _young.Clear();
        _old.Clear();
    }
}
