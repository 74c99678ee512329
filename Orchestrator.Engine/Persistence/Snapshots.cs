using System.Collections.Concurrent;

namespace Orchestrator.Engine.Persistence;

/// <summary>Identifies a snapshot: the state after the event <paramref name="SequenceNr"/>.</summary>
public sealed record SnapshotMetadata(string PersistenceId, long SequenceNr, DateTimeOffset Timestamp);

/// <summary>Offered during recovery before the events after it.</summary>
public sealed record SnapshotOffer(SnapshotMetadata Metadata, object Snapshot);

/// <summary>A snapshot is stored.</summary>
public sealed record SaveSnapshotSuccess(SnapshotMetadata Metadata);

/// <summary>A snapshot could not be stored; the actor goes on without.</summary>
public sealed record SaveSnapshotFailure(SnapshotMetadata Metadata, Exception Cause);

/// <summary>Keeps the newest snapshot of each persistent actor. A snapshot is an optimisation: losing it loses nothing.</summary>
public interface ISnapshotStore
{
    /// <summary>The newest one or null.</summary>
    ValueTask<SnapshotOffer?> LoadAsync(string persistenceId, CancellationToken cancel = default);

    /// <summary>Stores one; an older one may go.</summary>
    ValueTask SaveAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancel = default);

    /// <summary>Removes it.</summary>
    ValueTask DeleteAsync(string persistenceId, CancellationToken cancel = default);
}

/// <summary>Snapshots in memory, as references: they must be immutable.</summary>
public sealed class MemorySnapshotStore : ISnapshotStore
{
    private readonly ConcurrentDictionary<string, SnapshotOffer> _newest = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ValueTask<SnapshotOffer?> LoadAsync(string persistenceId, CancellationToken cancel = default) => new(_newest.GetValueOrDefault(persistenceId));

    /// <inheritdoc/>
    public ValueTask SaveAsync(SnapshotMetadata metadata, object snapshot, CancellationToken cancel = default)
    {
        _newest[metadata.PersistenceId] = new SnapshotOffer(metadata, snapshot);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string persistenceId, CancellationToken cancel = default)
    {
        _newest.TryRemove(persistenceId, out _);
        return default;
    }
}
