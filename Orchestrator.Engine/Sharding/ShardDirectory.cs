using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// Routes the messages of one region, on the sender's thread: a message for a running entity goes straight into that entity's mailbox. What keeps that correct is
/// the shard's lock: an entity is told to stop, started and moved under the lock that its messages are delivered under, so every message either is in the
/// mailbox before the stop message or waits for the next incarnation.
/// </summary>
internal sealed class ShardDirectory(string typeName, IMessageExtractor extractor, ClusterShardingSettings settings, ActorSystem system)
{
    private readonly ConcurrentDictionary<string, EntityEntry> _entities = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ShardSlot> _slots = new(StringComparer.Ordinal);

    private volatile bool _closed;

    public string TypeName => typeName;

    public ClusterShardingSettings Settings => settings;

    public IMessageExtractor Extractor => extractor;

    public IEnumerable<ShardSlot> Slots => _slots.Values;

    public ShardSlot Slot(string shard) => _slots.GetOrAdd(shard, static id => new ShardSlot(id));

    public EntityEntry? Entity(string id) => _entities.GetValueOrDefault(id);

    /// <summary>Routes one message. <paramref name="region"/> is asked for a home where there is none.</summary>
    public void Deliver(object message, IActorRef? sender, IActorRef region, int hops = 0)
    {
        var id = extractor.EntityId(message);
        if (string.IsNullOrEmpty(id))
        {
            system.EventStream.Publish(new UnhandledMessage(message, sender, region));
            return;
        }

        if (TryDeliverToEntity(id, message, sender))
            return;
        var slot = Slot(extractor.ShardId(id));
        lock (slot.Lock)
            DeliverToShard(slot, id, message, sender, region, hops);
    }

    /// <summary>As <see cref="Deliver"/>, but only where the shard is here.</summary>
    public void DeliverLocally(object message, IActorRef? sender)
    {
        var id = extractor.EntityId(message);
        if (string.IsNullOrEmpty(id) || TryDeliverToEntity(id, message, sender) || !_slots.TryGetValue(extractor.ShardId(id), out var slot))
            return;
        lock (slot.Lock)
        {
            if (slot.Place == ShardPlace.Here)
                DeliverHere(slot, id, message, sender);
        }
    }

    /// <summary>Routes anew what could not be sent to <paramref name="former"/>; where that is still taken for the home, it waits for news.</summary>
    public void Reroute(object message, IActorRef? sender, IActorRef former, IActorRef region)
    {
        if (extractor.EntityId(message) is not { Length: > 0 } id)
            return;
        var slot = Slot(extractor.ShardId(id));
        lock (slot.Lock)
        {
            if (slot.Place == ShardPlace.Elsewhere && former.Equals(slot.Home))
                LoseHome(slot, region);
        }

        Deliver(message, sender, region);
    }

    /// <summary>Under the slot's lock: routes again what waited.</summary>
    public void DeliverBuffered(ShardSlot slot, IActorRef region)
    {
        for (var left = slot.Buffer.Count; left > 0; left--)
        {
            var (message, sender) = slot.Buffer.Dequeue();
            DeliverToShard(slot, extractor.EntityId(message)!, message, sender, region, 0);
        }
    }

    /// <summary>Under the slot's lock: the actor is there, what waited goes to it.</summary>
    public void Activate(EntityEntry entry, IActorRef actor)
    {
        entry.Actor = actor;
        entry.Phase = EntityPhase.Active;
        foreach (var (message, sender) in entry.TakeBuffer())
            DeliverToActor(entry, message, sender);
    }

    /// <summary>Under the slot's lock: whoever holds the entry looks again.</summary>
    public void Remove(EntityEntry entry)
    {
        entry.Phase = EntityPhase.Gone;
        entry.Actor = null;
        _entities.TryRemove(entry.Id, out _);
    }

    /// <summary>Under the slot's lock: the shard leaves, so what waited for the entity waits for the shard, in front of what came later.</summary>
    public void MoveBufferToSlot(EntityEntry entry)
    {
        foreach (var (message, sender) in entry.TakeBuffer())
            BufferInSlot(entry.Slot, message, sender);
        Remove(entry);
    }

    public IReadOnlyList<string> EntitiesOf(ShardSlot slot) =>
        [.. _entities.Values.Where(entry => ReferenceEquals(entry.Slot, slot) && entry.Phase is EntityPhase.Active or EntityPhase.Starting).Select(entry => entry.Id)];

    public IReadOnlyList<EntityEntry> EntriesOf(ShardSlot slot) => [.. _entities.Values.Where(entry => ReferenceEquals(entry.Slot, slot))];

    /// <summary>Whether any message waits for a shard's home.</summary>
    public bool HasBuffered
    {
        get
        {
            foreach (var slot in _slots.Values)
            {
                lock (slot.Lock)
                {
                    if (slot.Buffer.Count > 0)
                        return true;
                }
            }

            return false;
        }
    }

    /// <summary>The region has stopped: nothing can wait any more. Shards that are known to be elsewhere are still reached.</summary>
    public void Close(IActorRef region)
    {
        _closed = true;
        foreach (var slot in _slots.Values)
        {
            lock (slot.Lock)
            {
                while (slot.Buffer.TryDequeue(out var waiting))
                    system.DeadLetters.Tell(new DeadLetter(waiting.Message, waiting.Sender, region), waiting.Sender);
            }
        }
    }

    private bool TryDeliverToEntity(string id, object message, IActorRef? sender)
    {
        if (!_entities.TryGetValue(id, out var entry))
            return false;
        lock (entry.Slot.Lock)
            return TryDeliver(entry, message, sender);
    }

    private bool TryDeliver(EntityEntry entry, object message, IActorRef? sender)
    {
        switch (entry.Phase)
        {
            case EntityPhase.Active:
                DeliverToActor(entry, message, sender);
                return true;
            case EntityPhase.Gone:
                return false;
            default:
                (entry.Buffer ??= new()).Enqueue((message, sender));
                return true;
        }
    }

    private void DeliverToActor(EntityEntry entry, object message, IActorRef? sender)
    {
        if (settings.PassivateIdleEntityAfter is not null)
            entry.LastUsed = system.TimeProvider.GetTimestamp();
        entry.Actor!.Tell(extractor.EntityMessage(message), sender);
    }

    /// <summary>Under the slot's lock: the home is not known any more; what comes waits for news.</summary>
    public void LoseHome(ShardSlot slot, IActorRef region)
    {
        slot.Place = ShardPlace.Unknown;
        slot.Home = null;
        if (slot.Buffer.Count > 0 && !_closed)
            region.Tell(new ShardRegion.NeedHome(slot.Id), null);
    }

    private void DeliverToShard(ShardSlot slot, string id, object message, IActorRef? sender, IActorRef region, int hops)
    {
        if (slot.Place == ShardPlace.Elsewhere && hops >= ShardMessage.MaxHops)
            LoseHome(slot, region);
        switch (slot.Place)
        {
            case ShardPlace.Here:
                DeliverHere(slot, id, message, sender);
                break;
            case ShardPlace.Elsewhere:
                slot.Home!.Tell(new ShardMessage(message, hops + 1), sender);
                break;
            case ShardPlace.Moving when _entities.TryGetValue(id, out var entry) && TryDeliver(entry, message, sender):
                break;
            case ShardPlace.Moving:
                BufferInSlot(slot, message, sender);
                break;
            default:
                if (slot.Buffer.Count == 0 && !_closed)
                    region.Tell(new ShardRegion.NeedHome(slot.Id), null);
                BufferInSlot(slot, message, sender);
                break;
        }
    }

    private void DeliverHere(ShardSlot slot, string id, object message, IActorRef? sender)
    {
        if (_entities.TryGetValue(id, out var entry) && TryDeliver(entry, message, sender))
            return;
        entry = new EntityEntry(id, slot);
        (entry.Buffer = new()).Enqueue((message, sender));
        _entities[id] = entry;

        // On the sender's thread, as soon as the shard itself has started: a hop through the shard would double the cost of a first message.
        if (slot.StartEntity is { } start)
            start(entry);
        else
            slot.Shard!.Tell(new Shard.StartEntity(entry), null);
    }

    private void BufferInSlot(ShardSlot slot, object message, IActorRef? sender)
    {
        if (!_closed && slot.Buffer.Count < settings.BufferSize)
            slot.Buffer.Enqueue((message, sender));
        else
            system.DeadLetters.Tell(message, sender);
    }
}
