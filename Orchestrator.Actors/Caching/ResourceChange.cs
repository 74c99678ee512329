namespace Orchestrator.Actors.Caching;

/// <summary>What happened to an object, in Kubernetes' watch words.</summary>
public enum ChangeType
{
    /// <summary>The object is new.</summary>
    Added,

    /// <summary>The object was there before.</summary>
    Modified,

    /// <summary>The object is gone; <see cref="ResourceChange.Entry"/> is its last state, with the deletion's resourceVersion.</summary>
    Deleted,
}

/// <summary>
/// One committed change, and the link to the next one of its resource. The chain of changes is the watch window: a watcher holds
/// the last change it has seen, so that no watcher has a buffer of its own and a slow one delays nobody.
/// </summary>
public sealed class ResourceChange(ChangeType type, ResourceEntry entry, ResourceEntry? previous)
{
    private ResourceChange? _next;
    private byte[]? _frame;

    /// <summary>Kind of change.</summary>
    public ChangeType Type { get; } = type;

    /// <summary>The object after the change.</summary>
    public ResourceEntry Entry { get; } = entry;

    /// <summary>The object before it, null for <see cref="ChangeType.Added"/>.</summary>
    public ResourceEntry? Previous { get; private set; } = previous;

    /// <summary>The change's place in the journal.</summary>
    public long ResourceVersion => Entry.ResourceVersion;

    /// <summary>The next change of this resource, or null at the tail.</summary>
    internal ResourceChange? Next => Volatile.Read(ref _next);

    /// <summary>Appends; called by the fold only.</summary>
    internal void Append(ResourceChange next) => Volatile.Write(ref _next, next);

    /// <summary>The plain JSON watch frame, encoded once for every watcher: <c>{"type":"ADDED","object":{…}}\n</c>.</summary>
    public ReadOnlyMemory<byte> Frame => _frame ??= WatchFrame.Encode(Type, Entry.Json.Span);
}
