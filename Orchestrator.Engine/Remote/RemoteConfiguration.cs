using System.Net;
using Microsoft.Extensions.Configuration;
using Orchestrator.Engine.Configuration;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Remote;

/// <summary>What is configured under <c>akka.remote</c>; the keys are Akka.NET's, and <c>reference.hocon</c> says what each is for.</summary>
public sealed record RemoteConfiguration
{
    /// <summary>Where to listen.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>What others dial; empty where it is not told.</summary>
    public required string PublicHostname { get; init; }

    /// <summary>Limits and times, without the messages, which no file tells.</summary>
    public required RemoteSettings Settings { get; init; }

    /// <summary>Reads it. <see cref="Settings"/> then has <paramref name="messages"/>. Throws <see cref="HoconException"/>.</summary>
    public static RemoteConfiguration From(IConfiguration configuration, WireCatalog messages) => new()
    {
        Listen = new IPEndPoint(
            configuration.Get<IPAddress>("akka.remote.dot-netty.tcp.hostname", "an IP address", IPAddress.TryParse),
            configuration.Get<int>("akka.remote.dot-netty.tcp.port", "a port from 0 to 65535", static (string text, out int port) => int.TryParse(text, out port) && port is >= 0 and <= 65535)),
        PublicHostname = configuration.GetText("akka.remote.dot-netty.tcp.public-hostname"),
        Settings = new RemoteSettings
        {
            Messages = messages,
            MaxFrameSize = checked((int)configuration.GetByteSize("akka.remote.dot-netty.tcp.maximum-frame-size")),
            ConnectionTimeout = configuration.GetTimeSpan("akka.remote.dot-netty.tcp.connection-timeout"),
            HeartbeatInterval = configuration.GetTimeSpan("akka.remote.transport-failure-detector.heartbeat-interval"),
            AcceptableHeartbeatPause = configuration.GetTimeSpan("akka.remote.transport-failure-detector.acceptable-heartbeat-pause"),
            UnreachableAfter = configuration.GetTimeSpan("akka.remote.watch-failure-detector.acceptable-heartbeat-pause"),
            RetryGate = configuration.GetTimeSpan("akka.remote.retry-gate-closed-for"),
            FlushOnShutdown = configuration.GetTimeSpan("akka.remote.flush-wait-on-shutdown"),
            SendQueue = configuration.GetInt("akka.remote.outbound-message-queue-size"),
        },
    };
}
