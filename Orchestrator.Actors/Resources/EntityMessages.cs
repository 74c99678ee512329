using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Resources;

namespace Orchestrator.Actors.Resources;

/// <summary>Envelope for messages to an object's actor that do not name the object themselves.</summary>
[WireName("entity.envelope.v1")]
public sealed record ToEntity(ResourceKey Key, object Message);

/// <summary>A hint to look again: something this object's control loop depends on has changed, or the loop has just moved here.</summary>
[WireName("entity.wake.v1")]
public sealed record Wake
{
    /// <summary>The only instance: it carries nothing, the journal holds the facts.</summary>
    public static Wake Up { get; } = new();
}

/// <summary>From the shard: nobody has asked this object's actor anything for a while.</summary>
public sealed record Idle
{
    /// <summary>The only instance.</summary>
    public static Idle Instance { get; } = new();
}
