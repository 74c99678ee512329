using System.Text.Json.Nodes;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Protocol.Resources;

/// <summary>Who writes and how: carried by every command to an object's actor.</summary>
/// <param name="User">Authenticated user name.</param>
/// <param name="FieldManager">Field manager for managedFields.</param>
/// <param name="DryRun">Decide and answer, persist nothing.</param>
/// <param name="FieldValidation">Strict, Warn or Ignore: for patches, whose result is decoded by the actor.</param>
public sealed record WriteContext(string User, string FieldManager, bool DryRun, string FieldValidation)
{
    /// <summary>For the control loops' own writes.</summary>
    public static WriteContext System(string component) => new($"system:{component}", component, false, "Ignore");
}

/// <summary>A command to the actor of one object. <paramref name="ApiVersion"/> is the version the client speaks (<c>apps/v1</c>).</summary>
public abstract record ResourceCommand(ResourceKey Key, string ApiVersion, WriteContext Context);

/// <summary>Create; <paramref name="Object"/> is decoded, defaulted and validated, and the receiver owns it.</summary>
[WireName("resource.create.v1")]
public sealed record CreateResource(ResourceKey Key, string ApiVersion, WriteContext Context, JsonObject Object) : ResourceCommand(Key, ApiVersion, Context)
{
    private JsonObject? _object = Object;
    private JsonObject? _pattern;

    /// <summary>The new object. Of one of several copies it is made when it is first looked at.</summary>
    public JsonObject Object { get => _object ??= Copy(); init => _object = value; }

    /// <summary>
    /// The command to create the same object under another name. Hundreds of them may wait for their actors: until then they share this one's object, which must not change any more.
    /// </summary>
    public CreateResource As(ResourceKey key) => this with { Key = key, _object = null, _pattern = Object };

    private JsonObject Copy()
    {
        var copy = _pattern!.DeepClone().AsObject();
        copy["metadata"]!["name"] = Key.Name;
        _pattern = null;
        return copy;
    }
}

/// <summary>Replace; <paramref name="Object"/> is decoded and defaulted, and the receiver owns it. A resourceVersion in it is a precondition.</summary>
[WireName("resource.update.v1")]
public sealed record UpdateResource(ResourceKey Key, string ApiVersion, WriteContext Context, JsonObject Object, string Subresource) : ResourceCommand(Key, ApiVersion, Context);

/// <summary>The kinds of patch.</summary>
public enum PatchType
{
    /// <summary>application/json-patch+json (RFC 6902).</summary>
    Json,

    /// <summary>application/merge-patch+json (RFC 7386).</summary>
    Merge,

    /// <summary>application/strategic-merge-patch+json.</summary>
    StrategicMerge,

    /// <summary>application/apply-patch+yaml (server-side apply).</summary>
    Apply,
}

/// <summary>Patch; applied to the current object by its actor.</summary>
[WireName("resource.patch.v1")]
public sealed record PatchResource(ResourceKey Key, string ApiVersion, WriteContext Context, PatchType Type, ReadOnlyMemory<byte> Patch, string Subresource, bool Force)
    : ResourceCommand(Key, ApiVersion, Context);

/// <summary>Delete. Null means the kind's default; <paramref name="Propagation"/> is Foreground, Background or Orphan.</summary>
[WireName("resource.delete.v1")]
public sealed record DeleteResource(ResourceKey Key, string ApiVersion, WriteContext Context, long? GracePeriodSeconds, string? Propagation, string? PreconditionUid, string? PreconditionResourceVersion)
    : ResourceCommand(Key, ApiVersion, Context);

/// <summary>
/// Stores what the sender has decided and had admitted, provided that the object still is at <paramref name="Base"/> (0: does not exist); otherwise a refusal with reason
/// <see cref="Outdated"/>, upon which the sender decides again. <paramref name="Removes"/>: the object, in this last state, goes. <paramref name="Track"/>: the subresource whose changed
/// fields become the manager's, null where <paramref name="Object"/> already says whose they are.
/// </summary>
[WireName("resource.store-decided.v1")]
public sealed record StoreDecided(ResourceKey Key, string ApiVersion, WriteContext Context, JsonObject Object, long Base, bool Removes, string? Track) : ResourceCommand(Key, ApiVersion, Context)
{
    /// <summary>Reason of the refusal where the object has changed.</summary>
    public const string Outdated = "OutdatedDecision";
}

/// <summary>pods/binding: assigns a pod to a node; fails with a conflict where it is assigned already.</summary>
[WireName("resource.bind-pod.v1")]
public sealed record BindPod(ResourceKey Key, string ApiVersion, WriteContext Context, string Uid, string NodeName) : ResourceCommand(Key, ApiVersion, Context);

/// <summary>pods/eviction: deletes the pod unless a disruption budget forbids it (429).</summary>
[WireName("resource.evict-pod.v1")]
public sealed record EvictPod(ResourceKey Key, string ApiVersion, WriteContext Context, long? GracePeriodSeconds, string? PreconditionUid) : ResourceCommand(Key, ApiVersion, Context);

/// <summary>Answer to every <see cref="ResourceCommand"/>.</summary>
public abstract record ResourceReply(ResourceKey Key);

/// <summary>Done and durable (or dry-run). <paramref name="Json"/> is the object's stored form; null after a delete that removed it at once, where <paramref name="Deleted"/> holds the last state.</summary>
[WireName("resource.written.v1")]
public sealed record ResourceWritten(ResourceKey Key, ReadOnlyMemory<byte>? Json, ReadOnlyMemory<byte>? Deleted, long ResourceVersion, bool Created, IReadOnlyList<string> Warnings) : ResourceReply(Key);

/// <summary>Refused; nothing changed.</summary>
[WireName("resource.refused.v1")]
public sealed record ResourceRefused(ResourceKey Key, ApiStatus Status) : ResourceReply(Key);
