using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Connection;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.Api.Joining;

/// <summary>How a node that has joined runs.</summary>
public sealed record JoinedNodeOptions
{
    /// <summary>What was kept at the join.</summary>
    public required AgentDirectory Directory { get; init; }

    /// <summary>The agent's data directory.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Makes the container engine, for the node's name and its cluster; the node disposes of it.</summary>
    public required Func<string, JoinDocument, IContainerRuntime> Runtime { get; init; }

    /// <summary>Changes how the agent runs: labels, taints, the node's address.</summary>
    public Func<NodeAgentOptions, NodeAgentOptions> Configure { get; init; } = static options => options;

    /// <summary>Told when the node is welcome, each time.</summary>
    public Action OnWelcome { get; init; } = static () => { };

    /// <summary>Told in one sentence what keeps the node from its cluster.</summary>
    public Action<string> OnTrouble { get; init; } = static _ => { };

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Logging.</summary>
    public required ILoggerFactory Logging { get; init; }
}

/// <summary>A node that has joined: its agent, connected, with a certificate that is renewed in time. Disposing of it leaves the containers running.</summary>
public sealed class JoinedNode : IAsyncDisposable
{
    private readonly IContainerRuntime _runtime;
    private readonly JoinedNodeOptions _options;
    private RemoteAgent _agent = null!;
    private X509Certificate2 _certificate;

    private JoinedNode(JoinedNodeOptions options, IContainerRuntime runtime, X509Certificate2 certificate) => (_options, _runtime, _certificate) = (options, runtime, certificate);

    /// <summary>The certificate in use.</summary>
    public X509Certificate2 Certificate => Volatile.Read(ref _certificate);

    /// <summary>Its agent.</summary>
    public RemoteAgent Agent => _agent;

    /// <summary>Starts it; it connects by itself. Throws <see cref="InvalidDataException"/> for a directory that cannot be used.</summary>
    public static async Task<JoinedNode> StartAsync(JoinedNodeOptions options, CancellationToken cancel = default)
    {
        var (name, cluster) = options.Directory.ReadCluster();
        var node = new JoinedNode(options, options.Runtime(name, cluster), options.Directory.ReadCertificate());
        try
        {
            await node.StartAsync(name, cluster, cancel);
            return node;
        }
        catch
        {
            await node._runtime.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Tells the cluster that the node is not ready any more, so that nothing waits for its silence, and stops. With <paramref name="drain"/> its pods are stopped first, each within its grace;
    /// else their containers run on.
    /// </summary>
    public async Task ShutDownAsync(bool drain, TimeSpan deadline)
    {
        await _agent.Agent.ShutDownAsync(drain, deadline);
        await DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _runtime.DisposeAsync();
    }

    private async Task StartAsync(string name, JoinDocument cluster, CancellationToken cancel)
    {
        _agent = await RemoteAgent.StartAsync(new RemoteAgentOptions
        {
            Connection = new AgentConnectionOptions
            {
                NodeName = name,
                Members = cluster.Endpoints,
                Remember = endpoints => Task.Run(() => _options.Directory.WriteMembers(endpoints), CancellationToken.None),
                OnWelcome = _options.OnWelcome,
                OnRefused = _options.OnTrouble,
                OnLost = () => _options.OnTrouble("the connection is lost; its containers run on"),
            },
            Certificate = () => Certificate,
            Authority = _options.Directory.ReadAuthority(),
            Time = _options.Time,
            Logging = _options.Logging,
            Agent = (_, controlPlane) => _options.Configure(new NodeAgentOptions
            {
                NodeName = name,
                ClusterId = cluster.ClusterId,
                DataDirectory = _options.DataDirectory,
                Runtime = _runtime,
                ControlPlane = controlPlane,
                ClusterDomain = cluster.ClusterDomain,
                HeartbeatInterval = cluster.HeartbeatInterval,
                TimeProvider = _options.Time,
                StatusDelay = NodeAgentOptions.UsualStatusDelay,
            }),
        }, cancel);
        KeepCertificate keep = (pem, key) =>
        {
            var renewed = _options.Directory.WriteCertificate(pem, key);
            Volatile.Write(ref _certificate, renewed);
            return renewed;
        };
        var (current, controlPlane) = (Certificate, _agent.ControlPlane);
        _agent.System.ActorOf(Props.Create(() => new CertificateRotationActor(name, current, controlPlane, keep, _options.OnTrouble, Random.Shared)), "certificate");
    }
}
