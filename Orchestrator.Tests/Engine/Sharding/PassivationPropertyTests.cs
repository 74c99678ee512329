using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Sharding;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Sharding;

/// <summary>
/// Several threads send numbered messages to entities that passivate at random: each message arrives exactly once, in each sender's order per entity, and no
/// two incarnations of an entity overlap.
/// </summary>
public sealed class PassivationPropertyTests() : TestKit.TestKit(realTime: true)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(null)]
    public async Task No_message_is_lost_duplicated_or_reordered_by_passivation(int? givenSeed)
    {
        var seed = givenSeed ?? Random.Shared.Next();
        const int Senders = 4;
        const int Each = 5_000;
        const int Entities = 20;
        var seen = new ConcurrentDictionary<(string Entity, int Sender), ConcurrentQueue<int>>();
        var counts = new Entity.Counts();
        var arrived = new CountdownEvent(Senders * Each);
        var windows = Enumerable.Range(0, Senders).Select(_ => new SemaphoreSlim(16)).ToArray();
        var region = ClusterSharding.Get(Sys).Start("t", id => Props.Create(() => new Fickle(id, seed, seen, counts, arrived, windows)), new ClusterShardingSettings(), new Entity.Extractor());

        // Few in flight, so that entities come and go while messages arrive.
        var sent = await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(() =>
        {
            var random = new Random(seed + sender);
            var plan = new List<(string Entity, int Number)>();
            for (var i = 0; i < Each; i++)
            {
                var entity = $"e{random.Next(Entities)}";
                plan.Add((entity, i));
                windows[sender].Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue($"seed {seed}: sender {sender} waits at {i}");
                region.Tell(new ShardingEnvelope(entity, new Numbered(sender, i)), ActorRefs.NoSender);
            }

            return plan;
        })));

        arrived.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue($"seed {seed}: {arrived.CurrentCount} messages are missing");
        for (var sender = 0; sender < Senders; sender++)
        {
            foreach (var entity in sent[sender].GroupBy(message => message.Entity))
                seen[(entity.Key, sender)].ShouldBe(entity.Select(message => message.Number), $"seed {seed}, sender {sender}, {entity.Key}");
        }

        counts.Overlaps.ShouldBe(0, $"seed {seed}");
        counts.Incarnations.ShouldBeGreaterThan(Entities, $"seed {seed}: nothing was ever passivated");
    }

    private sealed record Numbered(int Sender, int Number);

    private sealed class Fickle : UntypedActor
    {
        private readonly string _id;
        private readonly Random _random;
        private readonly ConcurrentDictionary<(string Entity, int Sender), ConcurrentQueue<int>> _seen;
        private readonly Entity.Counts _counts;
        private readonly CountdownEvent _arrived;
        private readonly SemaphoreSlim[] _windows;

        public Fickle(string id, int seed, ConcurrentDictionary<(string Entity, int Sender), ConcurrentQueue<int>> seen, Entity.Counts counts, CountdownEvent arrived, SemaphoreSlim[] windows)
        {
            _id = id;
            _seen = seen;
            _counts = counts;
            _arrived = arrived;
            _windows = windows;
            _random = new Random(HashCode.Combine(seed, counts.NewIncarnation(id)));
        }

        protected override void OnReceive(object message)
        {
            var numbered = (Numbered)message;
            _seen.GetOrAdd((_id, numbered.Sender), _ => new()).Enqueue(numbered.Number);
            if (_random.Next(20) == 0)
                Context.Parent.Tell(new Passivate(PoisonPill.Instance));
            _windows[numbered.Sender].Release();
            _arrived.Signal();
        }

        protected override void PostStop() => _counts.Ended(_id);
    }
}
