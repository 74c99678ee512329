using Orchestrator.Engine.Persistence;

namespace Orchestrator.Actors.Caching;

/// <summary>
/// What an object's actor persists: the operation and the whole object as canonical JSON without its resourceVersion (sealed, where the kind is encrypted).
/// </summary>
public sealed record ResourceEvent(string Operation, ReadOnlyMemory<byte> Payload) : IJournalEvent
{
    /// <summary>The object is new.</summary>
    public const string Create = "create";

    /// <summary>The object changed.</summary>
    public const string Update = "update";

    /// <summary>The object is gone; the payload is its last state.</summary>
    public const string Delete = IJournal.Tombstone;

    /// <summary>Whether a row belongs to an API object; other persistent actors use ids that start with a slash.</summary>
    public static bool IsResourceRow(JournalRow row) => row.PersistenceId.Length > 0 && row.PersistenceId[0] != '/';
}
