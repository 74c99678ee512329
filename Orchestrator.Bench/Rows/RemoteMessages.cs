using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Api.Security;
using Orchestrator.Bench.Report;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;

namespace Orchestrator.Bench.Rows;

/// <summary>Messages between two actor systems over TLS on loopback, beside frames of the same size over a raw TLS stream.</summary>
internal static class RemoteMessages
{
    private const int Messages = 200_000;
    private const int RoundTrips = 5_000;
    private const int Ahead = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly BindPod Message = new(new ResourceKey("pods", "default", "web-7d4b9c-x2x1z"), "v1", WireContext, "0b6f0d5e-4b9a-4c62-9d2e-1f1f3f3b7a10", "worker-1");

    private static WriteContext WireContext => WriteContext.System("scheduler");

    public static async Task<IEnumerable<BenchRow>> MeasureAsync()
    {
        using var authority = CertificateAuthority.Create("bench-ca", TimeProvider.System);
        using var server = Exportable(authority.IssueServing("bench", ["127.0.0.1"]));
        using var client = Exportable(authority.IssueClient("bench"));
        var (rate, latency, large) = await MeasureSystemsAsync(authority, server, client);
        var (floorRate, floorLatency) = await MeasureRawAsync(authority, server, client);
        return
        [
            new BenchRow("remote messages, one way", rate, floorRate, "msg/s", "frames of 300 bytes over a raw TLS stream, 64 KiB per write"),
            new BenchRow("remote round trip, median", latency, floorLatency, "µs", "300 bytes there and back over a raw TLS stream"),
            new BenchRow("remote objects of 1 MiB", large, null, "MiB/s", ""),
        ];
    }

    private static async Task<(double Rate, double Latency, double Large)> MeasureSystemsAsync(CertificateAuthority authority, X509Certificate2 server, X509Certificate2 client)
    {
        var settings = new RemoteSettings { Messages = WireCatalog.Of(typeof(ResourceCommand).Assembly) };
        await using var one = ActorSystem.Create("bench");
        await using var two = ActorSystem.Create("bench");
        await using var remotingOne = await Remoting.StartAsync(one, settings, Transport());
        await using var remotingTwo = await Remoting.StartAsync(two, settings, Transport());
        two.ActorOf(Props.Create(() => new Counter()), "counter");
        var counter = one.ResolveActorRef($"{two.Address}/user/counter");
        var time = TimeProvider.System;
        await CountAsync(one, counter, Messages / 4);
        var start = time.GetTimestamp();
        await CountAsync(one, counter, Messages);
        var rate = Messages / time.GetElapsedTime(start).TotalSeconds;

        var samples = new Samples();
        for (var i = 0; i < RoundTrips; i++)
        {
            start = time.GetTimestamp();
            await counter.Ask<string>("ping", Patience);
            samples.Add(time.GetElapsedTime(start));
        }

        const int objects = 64;
        var large = new PatchResource(Message.Key, "v1", WireContext, PatchType.Merge, new byte[1024 * 1024], "", false);
        start = time.GetTimestamp();
        for (var i = 0; i < objects; i++) counter.Tell(large, null);
        await counter.Ask<string>("ping", Patience);
        return (rate, samples.Percentile(50) * 1000, objects / time.GetElapsedTime(start).TotalSeconds);

        TlsTransport Transport() => new(new TlsTransportSettings
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            ServerCertificate = () => server,
            ClientCertificate = () => client,
            Authorities = [authority.Certificate],
        });
    }

    /// <summary>As many as fit into the queue are under way; the rest follow as they are counted.</summary>
    private static async Task CountAsync(ActorSystem system, IActorRef counter, int messages)
    {
        for (var sent = 0; sent < messages; sent += Ahead)
        {
            for (var i = 0; i < Ahead; i++) counter.Tell(Message, null);
            await counter.Ask<string>("ping", Patience);
        }
    }

    private static async Task<(double Rate, double Latency)> MeasureRawAsync(CertificateAuthority authority, X509Certificate2 server, X509Certificate2 client)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        using var socket = new TcpClient { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndpoint).Port);
        await using var tls = new SslStream(socket.GetStream(), false, (_, peer, _, _) => peer is not null);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", ClientCertificates = [client] });
        const int size = 300;
        var frame = new byte[size];
        BinaryPrimitives.WriteInt32LittleEndian(frame, size - 4);
        var batch = Enumerable.Repeat(frame, 64 * 1024 / size).SelectMany(f => f).ToArray();
        var batches = Messages / (64 * 1024 / size);
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        for (var i = 0; i < batches; i++) await tls.WriteAsync(batch);
        await AnswerAsync();
        var rate = (double)batches * (64 * 1024 / size) / time.GetElapsedTime(start).TotalSeconds;
        var samples = new Samples();
        for (var i = 0; i < RoundTrips; i++)
        {
            start = time.GetTimestamp();
            await AnswerAsync();
            samples.Add(time.GetElapsedTime(start));
        }

        tls.Close();
        await serving;
        return (rate, samples.Percentile(50) * 1000);

        async Task AnswerAsync()
        {
            var question = new byte[size];
            BinaryPrimitives.WriteInt32LittleEndian(question, size - 4);
            question[4] = 1;
            await tls.WriteAsync(question);
            await tls.ReadExactlyAsync(question);
        }

        async Task ServeAsync()
        {
            using var accepted = await listener.AcceptTcpClientAsync();
            accepted.NoDelay = true;
            await using var stream = new SslStream(accepted.GetStream());
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = server, ClientCertificateRequired = true, RemoteCertificateValidationCallback = (_, peer, _, _) => peer is not null });
            var buffer = new byte[128 * 1024];
            var held = 0;
            while (await stream.ReadAsync(buffer.AsMemory(held)) is var read and > 0)
            {
                held += read;
                var at = 0;
                for (; held - at >= size; at += size)
                {
                    if (buffer[at + 4] == 1) await stream.WriteAsync(buffer.AsMemory(at, size));
                }

                buffer.AsSpan(at, held - at).CopyTo(buffer);
                held -= at;
            }
        }
    }

    /// <summary>TLS on some systems does not take a key that was never stored.</summary>
    private static X509Certificate2 Exportable(X509Certificate2 certificate)
    {
        using (certificate) return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private sealed class Counter : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is string) Sender.Tell("pong", Self);
        }
    }
}
