using System.Globalization;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Sharding;

/// <summary>Reads from a message which entity it is for. Called on any thread; must be pure.</summary>
public interface IMessageExtractor
{
    /// <summary>The entity's id, not empty; null where the message is for no entity (it is then unhandled).</summary>
    string? EntityId(object message);

    /// <summary>What the entity gets: the message, or what is inside an envelope.</summary>
    object EntityMessage(object message);

    /// <summary>The shard of an entity; the same on every member, for ever.</summary>
    string ShardId(string entityId);

    /// <summary>Every shard id there is, for starting them all; empty where they cannot be told in advance.</summary>
    IReadOnlyList<string> ShardIds { get; }
}

/// <summary>Spreads entities over a fixed number of shards, named "0" to "n-1", by a hash of the id that is the same in every process.</summary>
public abstract class HashCodeMessageExtractor : IMessageExtractor
{
    private readonly string[] _shards;

    /// <summary>Akka's advice: ten times the number of members one plans for.</summary>
    protected HashCodeMessageExtractor(int maxNumberOfShards)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxNumberOfShards);
        _shards = new string[maxNumberOfShards];
        for (var i = 0; i < maxNumberOfShards; i++)
            _shards[i] = i.ToString(CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ShardIds => _shards;

    /// <inheritdoc/>
    public abstract string? EntityId(object message);

    /// <inheritdoc/>
    public virtual object EntityMessage(object message) => message;

    /// <inheritdoc/>
    public string ShardId(string entityId) => _shards[StableHash(entityId) % (uint)_shards.Length];

    /// <summary>FNV-1a over the UTF-16 units: .NET's own string hash differs between processes.</summary>
    public static uint StableHash(string text)
    {
        var hash = 2166136261u;
        foreach (var unit in text)
            hash = (hash ^ unit) * 16777619u;

        // FNV's low bits are weak for ids that differ in their last character only.
        hash ^= hash >> 16;
        hash *= 0x85ebca6b;
        return hash ^ (hash >> 13);
    }
}

/// <summary>A message with the id of its entity, for entities whose messages do not name them.</summary>
[WireName("sharding.envelope.v1")]
public sealed record ShardingEnvelope(string EntityId, object Message);
