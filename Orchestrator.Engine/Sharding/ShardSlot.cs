using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>What this member knows about one shard. Everything in it, entities included, is read and written under <see cref="Lock"/>.</summary>
internal sealed class ShardSlot(string id)
{
    public readonly Lock Lock = new();

    public string Id { get; } = id;

    public ShardPlace Place { get; set; } = ShardPlace.Unknown;

    /// <summary>The newest assignment that was heard of; what belongs to an older one comes late.</summary>
    public long Epoch { get; set; }

    /// <summary>The newest assignment that ended here by a hand-off: it may be another's already, so nothing starts under it again.</summary>
    public long HandedOff { get; set; }

    /// <summary>Where it is <see cref="ShardPlace.Here"/>, or still stopping here.</summary>
    public IActorRef? Shard { get; set; }

    /// <summary>While the shard runs here: starts an entity's actor, on any thread.</summary>
    public Action<EntityEntry>? StartEntity { get; set; }

    /// <summary>Where it is <see cref="ShardPlace.Elsewhere"/>.</summary>
    public IActorRef? Home { get; set; }

    /// <summary>Messages as they came, waiting for the shard's home.</summary>
    public Queue<(object Message, IActorRef? Sender)> Buffer { get; } = new(0);
}

/// <summary>Where a shard is, seen from one region.</summary>
internal enum ShardPlace
{
    /// <summary>Not known: messages wait, the coordinator is asked.</summary>
    Unknown,

    /// <summary>In this region.</summary>
    Here,

    /// <summary>In another region.</summary>
    Elsewhere,

    /// <summary>About to move: messages wait, the coordinator will tell.</summary>
    Moving,
}

/// <summary>An entity of a shard that is here.</summary>
internal sealed class EntityEntry(string id, ShardSlot slot)
{
    public string Id { get; } = id;

    public ShardSlot Slot { get; } = slot;

    public EntityPhase Phase { get; set; } = EntityPhase.Starting;

    public IActorRef? Actor { get; set; }

    /// <summary>While starting or passivating: messages for the (next) incarnation.</summary>
    public Queue<(object Message, IActorRef? Sender)>? Buffer { get; set; }

    /// <summary>Timestamp of the last message; only kept where idle entities are passivated.</summary>
    public long LastUsed { get; set; }

    public Queue<(object Message, IActorRef? Sender)> TakeBuffer()
    {
        var buffer = Buffer ?? new(0);
        Buffer = null;
        return buffer;
    }
}

/// <summary>Life of an entry: Starting → Active → Passivating → (Starting again | Gone).</summary>
internal enum EntityPhase
{
    /// <summary>The shard will create the actor.</summary>
    Starting,

    /// <summary>Messages go straight to its mailbox.</summary>
    Active,

    /// <summary>It was told to stop.</summary>
    Passivating,

    /// <summary>No longer in the directory: look again.</summary>
    Gone,
}
