using Orchestrator.Bench.Report;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Bench.Rows;

/// <summary>Messages per second between actors of one system: pairs that throw a ball back and forth.</summary>
internal static class ActorMessages
{
    private const int Pairs = 4;
    private const long Throws = 1_000_000;

    public static async Task<IEnumerable<BenchRow>> MeasureAsync()
    {
        await using var system = ActorSystem.Create("bench");
        await RunAsync(system, Throws / 10);
        var perSecond = await RunAsync(system, Throws);
        return [new BenchRow("actor messages", perSecond, await FloorAsync(), "msg/s", "System.Threading.Channels between tasks")];
    }

    private static async Task<double> RunAsync(ActorSystem system, long throws)
    {
        var done = Enumerable.Range(0, Pairs).Select(_ => new TaskCompletionSource()).ToList();
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        foreach (var finished in done)
        {
            var pong = system.ActorOf(Props.Create(() => new Player(long.MaxValue, null)));
            var ping = system.ActorOf(Props.Create(() => new Player(throws, finished)));
            ping.Tell(Ball.Instance, pong);
        }
        await Task.WhenAll(done.Select(d => d.Task));
        return Pairs * throws * 2 / time.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> FloorAsync()
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        const long throws = Throws / 5;
        await Task.WhenAll(Enumerable.Range(0, Pairs).Select(_ => Task.Run(async () =>
        {
            var there = System.Threading.Channels.Channel.CreateUnbounded<Ball>();
            var back = System.Threading.Channels.Channel.CreateUnbounded<Ball>();
            var other = Task.Run(async () =>
            {
                await foreach (var ball in there.Reader.ReadAllAsync()) back.Writer.TryWrite(ball);
            });
            for (long i = 0; i < throws; i++)
            {
                there.Writer.TryWrite(Ball.Instance);
                await back.Reader.ReadAsync();
            }
            there.Writer.Complete();
            await other;
        })));
        return Pairs * throws * 2 / time.GetElapsedTime(start).TotalSeconds;
    }

    private sealed class Ball
    {
        public static Ball Instance { get; } = new();
    }

    private sealed class Player : ReceiveActor
    {
        private long _left;

        public Player(long throws, TaskCompletionSource? finished)
        {
            _left = throws;
            Receive<Ball>(ball =>
            {
                if (_left-- > 0) Sender.Tell(ball, Self);
                else finished?.TrySetResult();
            });
        }
    }
}
