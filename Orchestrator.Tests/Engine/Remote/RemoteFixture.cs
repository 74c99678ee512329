using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.TestKit;
using Shouldly;

namespace Orchestrator.Tests.Engine.Remote;

/// <summary>Systems on a network of their own, with short times.</summary>
internal sealed class RemoteFixture(int seed = 1) : IAsyncDisposable
{
    public static readonly WireCatalog Messages = WireCatalog.Of(typeof(RemoteFixture).Assembly);

    private readonly List<ActorSystem> _systems = [];

    public TestNetwork Network { get; } = new(seed);

    public static RemoteSettings Settings { get; } = new()
    {
        Messages = Messages,
        RetryGate = TimeSpan.FromMilliseconds(20),
        MaxRetryGate = TimeSpan.FromMilliseconds(200),
        HeartbeatInterval = TimeSpan.FromMilliseconds(100),
        AcceptableHeartbeatPause = TimeSpan.FromSeconds(10),
        UnreachableAfter = TimeSpan.FromSeconds(20),
        ConnectionTimeout = TimeSpan.FromSeconds(5),
    };

    /// <summary>Gives up soon, for tests that wait for it.</summary>
    public static RemoteSettings Impatient { get; } = Settings with
    {
        AcceptableHeartbeatPause = TimeSpan.FromSeconds(1),
        UnreachableAfter = TimeSpan.FromSeconds(1),
        ConnectionTimeout = TimeSpan.FromSeconds(1),
    };

    /// <summary>A system that others can dial, or (without port) one that only dials out.</summary>
    public async Task<ActorSystem> StartAsync(string host, int? port = 1, RemoteSettings? settings = null)
    {
        var system = ActorSystem.Create("test");
        lock (_systems)
            _systems.Add(system);
        await Remoting.StartAsync(system, settings ?? Settings, Network.Transport(host, port));
        return system;
    }

    /// <summary>As when the process is killed.</summary>
    public async Task KillAsync(ActorSystem system)
    {
        Network.Kill(system.Address);
        lock (_systems)
            _systems.Remove(system);
        await system.Terminate();
        await Remoting.Get(system).DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var system in _systems)
        {
            await system.Terminate().WaitAsync(TimeSpan.FromSeconds(20));
            await Remoting.Get(system).DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        }
    }
}

/// <summary>Answers strings with an echo, and everything else with itself.</summary>
internal sealed class EchoActor : UntypedActor
{
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case "stop":
                Context.Stop(Self);
                break;
            case string text:
                Sender.Tell("echo " + text, Self);
                break;
            default:
                Sender.Tell(message, Self);
                break;
        }
    }
}

[WireName("test.parcel.v1")]
internal sealed record Parcel(int Number, IActorRef? From, ReadOnlyMemory<byte> Bytes, object? Inside);

/// <summary>Has no wire name.</summary>
internal sealed record Homebody(int Number);

/// <summary>Waits, in real time, for a condition.</summary>
internal static class TestWait
{
    public static void Until(Func<bool> condition, string what = "the condition", TimeSpan? within = null) =>
        SpinWait.SpinUntil(condition, within ?? TimeSpan.FromSeconds(20)).ShouldBeTrue($"{what} does not hold");
}
