using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Actors;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Certificates;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Joining;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Remote;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Connection;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Writing;
using Shouldly;

namespace Orchestrator.Tests.Api.Joining;

/// <summary>A member and agents in one process that talk over TLS on loopback; agents run pods on a simulated engine.</summary>
internal sealed class RemoteClusterFixture : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly string _directory = global::System.IO.Directory.CreateTempSubdirectory("remote-").FullName;
    private readonly List<RemoteAgent> _agents = [];
    private readonly MemoryJournal _journal = new();
    private ActorSystem _system = null!;
    private int _port;

    private RemoteClusterFixture()
    {
    }

    public ClusterPki Pki { get; private set; } = null!;

    public CertificateAuthority Authority => Pki.Authority;

    public ApiServer Api { get; private set; } = null!;

    public string Directory => _directory;

    public ControlPlane Plane { get; private set; } = null!;

    public ActorSystem System => _system;

    public string Endpoint => _system.Address + AgentAddress.EndpointPath;

    public static async Task<RemoteClusterFixture> StartAsync()
    {
        var cluster = new RemoteClusterFixture();
        cluster.Pki = ClusterPki.LoadOrCreate(Path.Combine(cluster._directory, "pki"), [], TimeProvider.System);
        await cluster.StartMemberAsync();
        return cluster;
    }

    /// <summary>Starts the member, at the port it had.</summary>
    public async Task StartMemberAsync()
    {
        _system = ActorSystem.Create("orchestrator", new ActorSystemSetup { TimeProvider = TimeProvider.System, LoggerFactory = NullLoggerFactory.Instance });
        await MemberRemoting.StartAsync(_system, new MemberRemotingOptions { MemberId = "m1", Listen = new IPEndPoint(IPAddress.Loopback, _port), PublicHost = "127.0.0.1", Authority = Authority });
        _port = _system.Address.Port!.Value;
        Plane = await ControlPlane.StartAsync(_system, _journal, new ControlPlaneOptions { CertificateSigner = Authority, CaCertificate = Authority.CertificatePem }, SecretSealer.None, _ => new PodToken("token", DateTimeOffset.MaxValue), 6443);
        Api = await ApiServer.StartAsync(new ApiServerOptions
        {
            Address = IPAddress.Loopback,
            Port = 0,
            Pki = Pki,
            Tokens = new ServiceAccountTokens(Pki.ServiceAccountKey, TimeProvider.System),
            Plane = Plane,
            Journal = _journal,
            Join = () => JoinDocument.Of(_system, Plane.Services.Options, "c1", "cluster.local"),
            Time = TimeProvider.System,
            Logging = NullLoggerFactory.Instance,
        });
    }

    public async Task StopMemberAsync()
    {
        await Api.DisposeAsync();
        await _system.Terminate();
        await Remoting.Get(_system).DisposeAsync();
        await Plane.DisposeAsync();
    }

    public Task<RemoteAgent> StartAgentAsync(string node, SimulatedRuntime runtime) => StartAgentAsync(node, runtime, Authority.IssueClient(NodeUser.Of(node), NodeUser.Group));

    public async Task<RemoteAgent> StartAgentAsync(string node, SimulatedRuntime runtime, X509Certificate2 certificate)
    {
        var agent = await RemoteAgent.StartAsync(new RemoteAgentOptions
        {
            Connection = new AgentConnectionOptions { NodeName = node, Members = [Endpoint] },
            Certificate = () => certificate,
            Authority = Authority.Certificate,
            Time = TimeProvider.System,
            Logging = NullLoggerFactory.Instance,
            Agent = (_, controlPlane) => new NodeAgentOptions
            {
                NodeName = node,
                ClusterId = "test",
                DataDirectory = _directory,
                Runtime = runtime,
                ControlPlane = controlPlane,
                HeartbeatInterval = TimeSpan.FromSeconds(1),
            },
        });
        _agents.Add(agent);
        return agent;
    }

    /// <summary>A client of the API with a certificate of that user.</summary>
    public HttpClient Client(string user, params string[] groups) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions { ClientCertificates = [Authority.IssueClient(user, groups)], RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    })
    { BaseAddress = Api.Address };

    public async Task<BootstrapToken> TokenAsync(TimeSpan? lifetime = null)
    {
        var token = BootstrapToken.Create(TimeProvider.System.GetUtcNow() + (lifetime ?? TimeSpan.FromHours(1)), "test");
        await CreateAsync("secrets", token.ToSecret().ToJsonString(), BootstrapToken.Namespace);
        return token;
    }

    public static SimulatedRuntime Runtime() => new(new SimulatedOptions(), TimeProvider.System);

    public async Task CreateAsync(string resource, string json, string ns = "default")
    {
        var kind = Plane.Services.Catalog.Get(resource);
        var reply = await Plane.Client.SendAsync(ResourceWriter.PrepareCreate(Plane.Services, kind, kind.Namespaced ? ns : "", JsonNode.Parse(json)!.AsObject(), new WriteContext("tester", "test", false, "Strict")));
        reply.ShouldBeOfType<ResourceWritten>();
    }

    public Task CreatePodAsync(string name, string node, string more = "") => CreateAsync("pods", $$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{name}}","namespace":"default"},"spec":{"nodeName":"{{node}}","containers":[{"name":"c","image":"app:1"}]{{more}} } }
        """);

    public string Phase(string pod) => (string?)Json(new ResourceKey("pods", "default", pod))?["status"]?["phase"] ?? "";

    public bool IsReady(string node) => Json(new ResourceKey("nodes", "", node))?["status"]?["conditions"]?.AsArray().Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True") == true;

    public JsonObject? Json(ResourceKey key) => Plane.Services.Cache.Get(key)?.ToJsonObject();

    /// <summary>Waits, change by change, until the condition holds.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        var signal = new SemaphoreSlim(0);
        using var subscription = Plane.Services.Cache.Subscribe(_ => signal.Release());
        while (!condition()) await signal.WaitAsync(timeout.Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents) await agent.DisposeAsync();
        await StopMemberAsync();
        Pki.Dispose();
        while (global::System.IO.Directory.Exists(_directory))
        {
            try
            {
                global::System.IO.Directory.Delete(_directory, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
                // What a stopped agent had begun to remove is gone; the rest is still to go.
            }
        }
    }
}
