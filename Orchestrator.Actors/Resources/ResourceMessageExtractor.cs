using Orchestrator.Engine.Sharding;
using Orchestrator.Protocol.Resources;

namespace Orchestrator.Actors.Resources;

/// <summary>Routes commands and envelopes to the actor of the object they name.</summary>
public sealed class ResourceMessageExtractor(int shards) : HashCodeMessageExtractor(shards)
{
    /// <inheritdoc/>
    public override string? EntityId(object message) => message switch
    {
        ResourceCommand command => command.Key.ToString(),
        ToEntity envelope => envelope.Key.ToString(),
        _ => null,
    };

    /// <inheritdoc/>
    public override object EntityMessage(object message) => message is ToEntity envelope ? envelope.Message : message;
}
