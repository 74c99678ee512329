using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Persistence;

/// <summary>What the persistent actors of a system share: journal, serializer, snapshot store.</summary>
public sealed class PersistenceExtension
{
    private PersistenceExtension(IJournal journal, IEventSerializer serializer, ISnapshotStore? snapshots)
    {
        Journal = journal;
        Serializer = serializer;
        SnapshotStore = snapshots;
    }

    /// <summary>Where events go.</summary>
    public IJournal Journal { get; }

    /// <summary>Between events and rows.</summary>
    public IEventSerializer Serializer { get; }

    /// <summary>Where snapshots go; null for none.</summary>
    public ISnapshotStore? SnapshotStore { get; }

    /// <summary>
    /// Gives the system its journal; before its first persistent actor, once. The system does not dispose of the journal.
    /// </summary>
    public static PersistenceExtension Configure(ActorSystem system, IJournal journal, IEventSerializer serializer, ISnapshotStore? snapshots = null)
    {
        var made = new PersistenceExtension(journal, serializer, snapshots);
        if (!ReferenceEquals(system.GetOrAddExtension(_ => made), made))
            throw new InvalidOperationException("The system has a journal already.");
        return made;
    }

    /// <summary>The system's; throws where it was not configured.</summary>
    public static PersistenceExtension Get(ActorSystem system) =>
        system.GetExtension<PersistenceExtension>() ?? throw new InvalidOperationException("The system has no journal: call PersistenceExtension.Configure first.");
}

/// <summary>An event that is its own bytes: written as it is, without a copy and without the serializer.</summary>
public interface IJournalEvent
{
    /// <summary>The row's operation.</summary>
    string Operation { get; }

    /// <summary>The row's payload; must not change any more.</summary>
    ReadOnlyMemory<byte> Payload { get; }
}

/// <summary>Turns events into rows and back.</summary>
public interface IEventSerializer
{
    /// <summary>Operation and payload of an event that is no <see cref="IJournalEvent"/>. What it throws rejects the event.</summary>
    (string Operation, ReadOnlyMemory<byte> Payload) Serialize(object @event);

    /// <summary>The event of a row; the payload may be kept. What it throws fails the recovery.</summary>
    object Deserialize(JournalRow row);
}

/// <summary>For actors whose events are <see cref="IJournalEvent"/>s: a row comes back as <see cref="JournalRow"/>.</summary>
public sealed class RawEventSerializer : IEventSerializer
{
    private RawEventSerializer()
    {
    }

    /// <summary>The only instance.</summary>
    public static RawEventSerializer Instance { get; } = new();

    /// <summary>Throws: only bytes can be written raw.</summary>
    public (string Operation, ReadOnlyMemory<byte> Payload) Serialize(object @event) =>
        throw new NotSupportedException($"{@event.GetType()} is no {nameof(IJournalEvent)}.");

    /// <inheritdoc/>
    public object Deserialize(JournalRow row) => row;
}

/// <summary>Published on the event stream: the journal refused a write because this member is no longer up. Stop every entity and rejoin.</summary>
public sealed record Fenced(string PersistenceId, FencedException Cause);

/// <summary>Comes after the last recovered event, before the first command.</summary>
public sealed class RecoveryCompleted
{
    private RecoveryCompleted()
    {
    }

    /// <summary>The only instance.</summary>
    public static RecoveryCompleted Instance { get; } = new();
}
