using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Commands;
using Orchestrator.Engine.Configuration;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Writing;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Commands;

/// <summary>A whole cluster of simulated nodes in this process: real control plane, real agents, real protocol between them.</summary>
public sealed class SimulatedClusterTests : IDisposable
{
    private const int Nodes = 50;
    private const int Pods = 500;
    private const int Deployments = 5;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly ClusterDirectory _directory = new(Path.Combine(Path.GetTempPath(), $"orchestrator-simulated-{Guid.NewGuid():N}"));

    public SimulatedClusterTests() => Directory.CreateDirectory(_directory.Path);

    public void Dispose() => Directory.Delete(_directory.Path, recursive: true);

    [Fact]
    public async Task Fifty_nodes_run_five_hundred_pods_and_do_without_one_that_is_lost()
    {
        await using var host = await StartAsync("");
        var cache = host.Plane.Services.Cache;
        await CreateAsync(host);
        await UntilAsync(cache, () => Running(cache).Count == Pods);
        var pods = Running(cache);
        pods.Select(p => p.Header.NodeName).Distinct().Count().ShouldBeGreaterThan(Nodes / 2, "the scheduler spreads them");
        foreach (var pod in pods.Select(p => p.Read<Pod>()))
        {
            pod.Status.PodIP.ShouldStartWith("10.244.");
            pod.Status.ContainerStatuses.ShouldHaveSingleItem().Ready.ShouldBeTrue();
        }
        pods.Select(p => p.Read<Pod>().Status.PodIP).Distinct().Count().ShouldBe(Pods);

        var lost = pods[0].Header.NodeName;
        await host.LoseNodeAsync(lost);
        await UntilAsync(cache, () => Running(cache).Count(p => p.Header.NodeName != lost) == Pods);
    }

    [Fact]
    public async Task Container_starts_that_fail_are_tried_again()
    {
        await using var host = await StartAsync("orchestrator.simulation { failure-rate = 0.3, seed = 94, start-latency = 20ms }");
        var cache = host.Plane.Services.Cache;
        await CreateAsync(host, deployments: 1, replicas: 40);
        // By this seed six of the first 40 starts fail and none of the next: nobody's back-off grows longer than the test.
        await UntilAsync(cache, () => Running(cache).Count == 40 && Running(cache).Any(p => Failed().Contains(p.Key.Name)));

        HashSet<string> Failed() => [.. cache.List("events").Select(e => e.Read<Event>())
            .Where(e => e.Message.Contains("the simulated engine fails this start", StringComparison.Ordinal)).Select(e => e.InvolvedObject.Name)];
    }

    [Fact]
    public void More_nodes_than_the_clusters_range_has_parts_for_get_a_wider_one()
    {
        var many = ClusterConfiguration.From(HoconConfiguration.Load([]), new UpOptions(_directory.Path, SimulatedNodes: 5000));
        many.ControlPlane.ClusterCidr.ToString().ShouldBe("10.128.0.0/9");
        many.NodesText.ShouldBe("5000 nodes");
        ClusterConfiguration.From(HoconConfiguration.Load([]), new UpOptions(_directory.Path, SimulatedNodes: 256)).ControlPlane.ClusterCidr.ToString().ShouldBe("10.244.0.0/16");
    }

    private async Task<ClusterHost> StartAsync(string hocon)
    {
        var values = HoconConfiguration.Build([("test.hocon", "orchestrator.controllers.node-monitor-grace-period = 4s\n" + hocon)], _ => null);
        var host = await ClusterHost.StartAsync(ClusterConfiguration.From(values, new UpOptions(_directory.Path, Port: FreePort(), SimulatedNodes: Nodes)), _directory, TimeProvider.System, default);
        await host.WaitUntilReadyAsync(new Progress(TextWriter.Null, false), Deadline, default);
        return host;
    }

    private static async Task CreateAsync(ClusterHost host, int deployments = Deployments, int replicas = Pods / Deployments)
    {
        var kind = host.Plane.Services.Catalog.Get("deployments.apps");
        for (var i = 0; i < deployments; i++)
        {
            var reply = await host.Plane.Client.SendAsync(ResourceWriter.PrepareCreate(host.Plane.Services, kind, "default", Deployment(i, replicas), WriteContext.System("test")));
            reply.ShouldBeOfType<Orchestrator.Protocol.Resources.ResourceWritten>();
        }
    }

    // A node that is gone is given up after a few seconds, so that the test is short.
    private static System.Text.Json.Nodes.JsonObject Deployment(int i, int replicas) => System.Text.Json.Nodes.JsonNode.Parse($$$"""
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"app-{{{i}}}"},"spec":{"replicas":{{{replicas}}},"selector":{"matchLabels":{"app":"app-{{{i}}}"}},
         "template":{"metadata":{"labels":{"app":"app-{{{i}}}"}},"spec":{"containers":[{"name":"app","image":"registry.example/app:1","resources":{"requests":{"cpu":"100m"} } }],
          "tolerations":[{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":5}]} } } }
        """)!.AsObject();

    private static List<ResourceEntry> Running(ResourceCache cache) => [.. cache.List("pods", "default").Where(p => p.Header is { Phase: "Running", Ready: true, Deleting: false })];

    private static async Task UntilAsync(ResourceCache cache, Func<bool> holds)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var pods = cache.Watch("pods", cache.Head);
        try
        {
            while (!holds())
            {
                while (pods.TryNext(out _)) { }
                if (!holds()) await pods.WaitAsync(deadline.Token);
            }
        }
        catch (OperationCanceledException)
        {
            var states = cache.List("pods", "default").GroupBy(p => $"{p.Header.Phase}{(p.Header.Ready ? " ready" : "")}{(p.Header.Deleting ? " deleting" : "")}{(p.Header.NodeName.Length > 0 ? "" : " unbound")}");
            throw new TimeoutException($"pods: {string.Join(", ", states.Select(g => $"{g.Count()} {g.Key}"))}; nodes not ready: {cache.List("nodes").Count(n => !n.Header.Ready)}");
        }
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
