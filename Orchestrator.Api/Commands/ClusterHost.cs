using System.Net;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Actors.Services.Endpoints;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Joining;
using Orchestrator.Api.Members;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;

namespace Orchestrator.Api.Commands;

/// <summary>A whole cluster in this process: journal, control plane, API server, node agents.</summary>
public sealed class ClusterHost : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly ClusterConfiguration _configuration;
    private readonly ClusterDirectory _directory;
    private readonly TimeProvider _time;
    private ControlPlane _plane = null!;
    private ActorMeter? _meter;
    private ClusterNodes.Running _nodes = null!;

    private ClusterHost(ClusterConfiguration configuration, ClusterDirectory directory, TimeProvider time) => (_configuration, _directory, _time) = (configuration, directory, ShiftedTimeProvider.Of(time, configuration.ClockOffset));

    /// <summary>The control plane of this process.</summary>
    public ControlPlane Plane => _plane;

    /// <summary>Starts everything in order; what was started is stopped again where a later part fails.</summary>
    public static async Task<ClusterHost> StartAsync(ClusterConfiguration configuration, ClusterDirectory directory, TimeProvider time, CancellationToken cancel, ActorMeter? meter = null)
    {
        var host = new ClusterHost(configuration, directory, time) { _meter = meter };
        try
        {
            await host.StartAsync(cancel);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the API answers and every node is Ready, then leaves the file <c>ready</c> for whoever waits outside.</summary>
    public async Task WaitUntilReadyAsync(Progress progress, TimeSpan deadline, CancellationToken cancel)
    {
        progress.Done($"the API is ready at {_configuration.ApiUri.GetLeftPart(UriPartial.Authority)}");
        var waiting = _configuration.NodeNames.ToHashSet();
        progress.Step($"waiting for {_configuration.NodesText}");
        using var timeout = new CancellationTokenSource(deadline, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        var watch = _plane.Services.Cache.Watch("nodes", _plane.Services.Cache.Head);
        try
        {
            waiting.RemoveWhere(IsReady);
            while (waiting.Count > 0)
            {
                while (watch.TryNext(out var change))
                    if (waiting.Contains(change.Entry.Name) && IsReady(change.Entry.Name)) waiting.Remove(change.Entry.Name);
                if (waiting.Count > 0) await watch.WaitAsync(both.Token);
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new CommandFailure($"not ready after {deadline.TotalSeconds:0} s: {string.Join("; ", waiting.Take(5).Select(node => $"node {node} ({ReadyCondition(node)?.Message ?? "has not joined"})"))}");
        }
        progress.Done(_configuration.NodeNames.Count == 1 ? "the node is ready" : "all nodes are ready");
        await File.WriteAllTextAsync(_directory.File("ready"), "", cancel);
    }

    /// <summary>Completes when the process is asked to stop.</summary>
    public async Task StoppedAsync(CancellationToken cancel) => await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancel);

    /// <summary>Stops a node's agent without a word to the control plane, as a machine that has lost its power does. For tests.</summary>
    internal Task LoseNodeAsync(string name) => _nodes.StopAsync(name);

    /// <summary>Stops in the opposite order. Containers keep running.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Delete(_directory.File("ready"));
        for (var i = _parts.Count - 1; i >= 0; i--) await _parts[i].DisposeAsync();
        _parts.Clear();
    }

    private async Task StartAsync(CancellationToken cancel)
    {
        var clusterId = _directory.EnsureClusterId();
        var logging = Add(new DisposableLogging(LoggerFactory.Create(b => b.AddSimpleConsole(c => { c.SingleLine = true; c.TimestampFormat = "HH:mm:ss.fff "; c.UseUtcTimestamp = true; })
            .SetMinimumLevel(_configuration.LogLevel)))).Factory;
        var nodeAddress = _configuration.NodeAddress ?? HostAddresses.Of(_configuration.ControlPlane.ServiceCidr).First(a => !IPAddress.IsLoopback(a));
        var pki = LoadPki(_configuration, _directory, nodeAddress, _time);
        var options = _configuration.ControlPlane with { CaCertificate = pki.Authority.CertificatePem, CertificateSigner = pki.Authority };
        var self = _configuration.Member with { Roles = [.. _configuration.Member.Roles, ApiServers.Role(new IPEndPoint(nodeAddress, _configuration.ApiPort))] };
        var member = Add(await MemberJournal.OpenAsync(self, _directory.Journal, _time, logging, cancel));
        var system = ActorSystem.Create("orchestrator", new ActorSystemSetup { TimeProvider = _time, LoggerFactory = logging, Meter = _meter });
        var leaving = Add(new LeavingSystem(system));
        await MemberRemoting.StartAsync(system, new MemberRemotingOptions
        {
            MemberId = _configuration.Member.Id,
            Listen = _configuration.Member.ListenBeside(_configuration.ApiPort),
            PublicHost = _configuration.Member.Remote.PublicHostname is { Length: > 0 } host ? host : nodeAddress.ToString(),
            Authority = pki.Authority,
            Settings = _ => _configuration.Member.Remote.Settings,
        }, cancel);
        await member.JoinAsync(system, cancel);
        var tokens = new ServiceAccountTokens(pki.ServiceAccountKey, _time);
        _plane = await ControlPlane.StartAsync(system, member.Journal, options, new SecretSealer([pki.EncryptionKey]), request => Issue(tokens, request), _configuration.ApiPort,
            member.IsShared ? member.CaughtUpAsync : null, cancel);
        // It goes after the actors: they decide on what it folds for as long as one of them runs, which is until all shards are handed over.
        _parts.Insert(_parts.IndexOf(leaving), _plane);
        var roles = DefaultRoles.StoreAsync(_plane.Client, cancel);
        Add(await ApiServer.StartAsync(new ApiServerOptions
        {
            Address = _configuration.ApiAddress,
            Port = _configuration.ApiPort,
            Pki = pki,
            Tokens = tokens,
            Plane = _plane,
            Journal = member.Journal,
            JournalIsShared = member.IsShared,
            MemberProblem = () => member.Problem,
            Join = () => JoinDocument.Of(system, options, clusterId, _configuration.ClusterDomain),
            Time = _time,
            Logging = logging,
        }, cancel));
        Kubeconfig.Write(_directory.Kubeconfig, _configuration.PublicUri ?? _configuration.ApiUri, "orchestrator", pki.Authority, pki.Admin);
        var nodes = new ClusterNodes(system, _plane, clusterId, _directory, _configuration, nodeAddress.ToString(), logging);
        _nodes = Add(nodes.Start());
        await roles;
    }

    /// <summary>The cluster's keys, made where they are missing; the serving certificate names every address of this machine.</summary>
    internal static ClusterPki LoadPki(ClusterConfiguration configuration, ClusterDirectory directory, IPAddress nodeAddress, TimeProvider time) => ClusterPki.LoadOrCreate(directory.Pki,
        ClusterPki.StandardHosts().Append($"kubernetes.default.svc.{configuration.ClusterDomain}")
            .Concat(HostAddresses.Of(configuration.ControlPlane.ServiceCidr).Append(nodeAddress).Select(a => a.ToString())).Concat(configuration.ExtraNames)
            .Concat(configuration.PublicUri is { } address ? [address.Host.Trim('[', ']')] : Array.Empty<string>()).Distinct(), time);

    private PodToken Issue(ServiceAccountTokens tokens, RequestPodToken request)
    {
        var account = _plane.Services.Cache.Get(new ResourceKey("serviceaccounts", request.Pod.Namespace, request.ServiceAccount))!;
        var issued = tokens.Issue(new TokenRequest(request.Pod.Namespace, request.ServiceAccount, account.Uid, request.Audiences, request.Lifetime)
        {
            Bound = new BoundObject("Pod", request.Pod.Name, request.Uid),
        });
        return new PodToken(issued.Token, issued.Expires);
    }

    private T Add<T>(T part) where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    private bool IsReady(string node) => ReadyCondition(node) is { Status: "True" };

    private Resources.Types.Core.V1.NodeCondition? ReadyCondition(string node) =>
        _plane.Services.Cache.Get(new ResourceKey("nodes", "", node))?.Read<Resources.Types.Core.V1.Node>().Status.Conditions?.Find(c => c.Type == "Ready");

    /// <summary>An actor system that leaves its cluster before it ends: shards and singletons are handed over.</summary>
    private sealed class LeavingSystem(ActorSystem system) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await CoordinatedShutdown.Get(system).Run("the process stops");
    }

    private sealed class DisposableLogging(ILoggerFactory factory) : IAsyncDisposable
    {
        public ILoggerFactory Factory => factory;

        public ValueTask DisposeAsync()
        {
            factory.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
