using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>Passivation without the messages that <see cref="Passivate"/> takes. Beyond Akka.</summary>
public static class PassivationExtensions
{
    /// <summary>
    /// Stops the entity that calls it, in its own turn, if no message waits for it; false, and it lives on, where one does. Messages that come from now on start its
    /// next incarnation. For entities with nothing to keep that are many: they leave before the garbage collector has to move them.
    /// </summary>
    public static bool PassivateIfIdle(this IActorContext context)
    {
        var cell = (ActorCell)context;
        return cell.Parent is LocalActorRef { Cell.Actor: Shard shard } && shard.StopIfIdle(cell);
    }
}
