using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Sharding;

namespace Orchestrator.Tests.Engine.Sharding;

/// <summary>An entity that says which incarnation of which id it is.</summary>
internal sealed class Entity : UntypedActor
{
    public const int Shards = 8;

    private readonly string _id;
    private readonly Counts _counts;
    private readonly Action<string>? _onPassivate;
    private readonly int _incarnation;

    public Entity(string id, Counts counts, Action<string>? onPassivate)
    {
        _id = id;
        _counts = counts;
        _onPassivate = onPassivate;
        _incarnation = counts.NewIncarnation(id);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case "passivate":
                Context.Parent.Tell(new Passivate(PoisonPill.Instance));
                break;
            case "passivate if idle":
                Context.PassivateIfIdle();
                break;
            case "passivate slowly":
                Context.Parent.Tell(new Passivate(PoisonPill.Instance));
                _onPassivate?.Invoke(_id);
                break;
            case "stop":
                Context.Stop(Self);
                break;
            case "boom":
                throw new InvalidOperationException("boom");
            case "say goodbye":
                _counts.Goodbye();
                Context.Stop(Self);
                break;
            default:
                Sender.Tell($"{_id}#{_incarnation}:{message}");
                break;
        }
    }

    protected override void PostStop() => _counts.Ended(_id);

    /// <summary>What the incarnations of all entities did; more than one living incarnation of an id is recorded as an overlap.</summary>
    public sealed class Counts
    {
        private readonly ConcurrentDictionary<string, int> _incarnations = new();
        private readonly ConcurrentDictionary<string, int> _living = new();
        private int _goodbyes;
        private int _overlaps;

        public int Goodbyes => _goodbyes;

        public int Overlaps => _overlaps;

        public int Incarnations => _incarnations.Values.Sum();

        public int NewIncarnation(string id)
        {
            if (_living.AddOrUpdate(id, 1, (_, living) => living + 1) > 1)
                Interlocked.Increment(ref _overlaps);
            return _incarnations.AddOrUpdate(id, 1, (_, count) => count + 1);
        }

        public void Ended(string id) => _living.AddOrUpdate(id, 0, (_, living) => living - 1);

        public void Goodbye() => Interlocked.Increment(ref _goodbyes);
    }

    public sealed class Extractor() : HashCodeMessageExtractor(Shards)
    {
        public override string? EntityId(object message) => message is ShardingEnvelope envelope ? envelope.EntityId : null;

        public override object EntityMessage(object message) => ((ShardingEnvelope)message).Message;
    }
}
