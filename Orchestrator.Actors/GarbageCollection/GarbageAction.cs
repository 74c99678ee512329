using Orchestrator.Resources;

namespace Orchestrator.Actors.GarbageCollection;

/// <summary>One write of the garbage collector. Every one is conditional on the uid; those that rewrite a list also on the version it was read at.</summary>
public abstract record GarbageAction(ResourceKey Key, string Uid)
{
    /// <summary>Delete an object none of whose owners is left. Propagation is Background, Foreground or Orphan.</summary>
    public sealed record Delete(ResourceKey Key, string Uid, string Propagation) : GarbageAction(Key, Uid);

    /// <summary>Strip references to these owners from an object that stays.</summary>
    public sealed record Forget(ResourceKey Key, string Uid, long ResourceVersion, IReadOnlySet<string> Owners) : GarbageAction(Key, Uid);

    /// <summary>Remove one of the collector's own finalizers from an owner whose dependents are settled.</summary>
    public sealed record Finish(ResourceKey Key, string Uid, long ResourceVersion, string Finalizer) : GarbageAction(Key, Uid);
}
