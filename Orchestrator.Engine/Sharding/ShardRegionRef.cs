using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>What <c>ClusterSharding.Start</c> returns: entity messages are routed on the caller's thread, the rest goes to the region's actor.</summary>
internal sealed class ShardRegionRef(InternalActorRef region, ShardDirectory directory) : InternalActorRef(region.Path)
{
    internal override ActorSystem? System => region.System;

    public override void Tell(object message, IActorRef? sender)
    {
        switch (message)
        {
            case IShardRegionCommand or IAutoReceivedMessage:
                region.Tell(message, sender);
                break;
            case ShardMessage routed:
                directory.Deliver(routed.Message, sender, region, routed.Hops);
                break;
            case LocalOnly local:
                directory.DeliverLocally(local.Envelope, sender);
                break;
            default:
                directory.Deliver(message, sender, region);
                break;
        }
    }

    internal override void SendSystemMessage(SystemMessage message) => region.SendSystemMessage(message);
}
