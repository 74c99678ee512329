using System.Text;
using Orchestrator.Actors.Certificates;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Joining;

public sealed class RemoteAgentTests
{
    [Fact]
    public async Task A_node_in_a_process_of_its_own_runs_pods_and_serves_their_logs()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        await cluster.StartAgentAsync("worker-1", RemoteClusterFixture.Runtime());
        await cluster.UntilAsync(() => cluster.IsReady("worker-1"));
        await cluster.CreatePodAsync("web", "worker-1");
        await cluster.UntilAsync(() => cluster.Phase("web") == "Running");

        var pod = cluster.Json(new ResourceKey("pods", "default", "web"))!;
        var uid = (string)pod["metadata"]!["uid"]!;
        await using var log = await cluster.Plane.Streams.OpenAsync("worker-1", new LogRequest(new ResourceKey("pods", "default", "web"), uid, "c", false, false, false, null, null, null), CancellationToken.None);
        await foreach (var frame in log.Input.ReadAllAsync()) frame.Channel.ShouldBe(StreamFrame.Stdout, Encoding.UTF8.GetString(frame.Data.Span));

        var refusal = await Should.ThrowAsync<StatusException>(() => cluster.Plane.Streams.OpenAsync("worker-1", new LogRequest(new ResourceKey("pods", "default", "web"), uid, "nobody", false, false, false, null, null, null), CancellationToken.None));
        refusal.Status.Message.ShouldContain("nobody");
        (await Should.ThrowAsync<StatusException>(() => cluster.Plane.Streams.OpenAsync("worker-2", new PortRequest(new ResourceKey("pods", "default", "web"), uid, 80), CancellationToken.None))).Status.Code.ShouldBe(503);
    }

    [Fact]
    public async Task Containers_run_on_while_the_member_is_away_and_statuses_come_after_its_return()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var runtime = RemoteClusterFixture.Runtime();
        await cluster.StartAgentAsync("worker-1", runtime);
        await cluster.UntilAsync(() => cluster.IsReady("worker-1"));
        await cluster.CreatePodAsync("web", "worker-1");
        await cluster.UntilAsync(() => cluster.Phase("web") == "Running");
        var starts = runtime.Calls["start"];

        await cluster.StopMemberAsync();
        foreach (var container in (await runtime.ListAsync(CancellationToken.None)).Where(c => PodLabels.Get(c.Labels, PodLabels.Role) != PodLabels.SandboxRole && c.Phase == ContainerPhase.Running)) runtime.Crash(container.Id, 1);
        await cluster.StartMemberAsync();
        await cluster.UntilAsync(() => (int?)cluster.Json(new ResourceKey("pods", "default", "web"))!["status"]?["containerStatuses"]?[0]?["restartCount"] == 1);
        await cluster.CreatePodAsync("next", "worker-1");
        await cluster.UntilAsync(() => cluster.Phase("next") == "Running");
        runtime.Calls["start"].ShouldBe(starts + 2, "one restart and one new pod, nothing else");
    }

    [Fact]
    public async Task What_was_replaced_while_a_node_was_away_is_removed_on_its_return()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var runtime = RemoteClusterFixture.Runtime();
        var agent = await cluster.StartAgentAsync("worker-1", runtime);
        await cluster.UntilAsync(() => cluster.IsReady("worker-1"));
        await cluster.CreatePodAsync("stays", "worker-1");
        await cluster.CreatePodAsync("goes", "worker-1");
        await cluster.UntilAsync(() => cluster.Phase("stays") == "Running" && cluster.Phase("goes") == "Running");
        await agent.Agent.StopAsync();
        using var admin = cluster.Client("admin", "system:masters");
        (await admin.DeleteAsync("/api/v1/namespaces/default/pods/goes?gracePeriodSeconds=0")).EnsureSuccessStatusCode();
        await cluster.UntilAsync(() => cluster.Phase("goes").Length == 0);
        (await Containers()).ShouldBe(["goes", "stays"]);
        await agent.DisposeAsync();

        await cluster.StartAgentAsync("worker-1", runtime);
        await cluster.CreatePodAsync("next", "worker-1");
        await cluster.UntilAsync(() => cluster.Phase("next") == "Running");
        for (var left = await Containers(); left.Contains("goes"); left = await Containers()) await Task.Yield();
        (await Containers()).ShouldBe(["next", "stays"]);

        async Task<IReadOnlyList<string>> Containers() => [.. (await runtime.ListAsync(CancellationToken.None))
            .Where(c => PodLabels.Get(c.Labels, PodLabels.Role) != PodLabels.SandboxRole).Select(c => PodLabels.Get(c.Labels, PodLabels.PodName)).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task A_member_whose_picture_is_older_than_the_agents_waits_before_it_welcomes()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var welcomed = new TaskCompletionSource<ObjectsChanged>();
        var probe = cluster.System.ActorOf(Props.Create(() => new Listener(welcomed)));
        var head = cluster.Plane.Services.Cache.Head;
        cluster.Plane.AgentEndpoint.Tell(new AgentHello("worker-2", probe, "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"worker-2\"}}"u8.ToArray(), head + 50), probe);
        await cluster.UntilAsync(() => cluster.Json(new ResourceKey("nodes", "", "worker-2")) is not null);
        while (cluster.Plane.Services.Cache.Head < head + 50)
        {
            welcomed.Task.IsCompleted.ShouldBeFalse();
            await cluster.CreateAsync("configmaps", $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c{{cluster.Plane.Services.Cache.Head}}","namespace":"default"} }""");
        }
        await welcomed.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_node_speaks_for_itself_only()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        await cluster.StartAgentAsync("worker-1", RemoteClusterFixture.Runtime());
        var evil = await cluster.StartAgentAsync("worker-2", RemoteClusterFixture.Runtime());
        await cluster.UntilAsync(() => cluster.IsReady("worker-1") && cluster.IsReady("worker-2"));
        await cluster.CreateAsync("secrets", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"mine","namespace":"default"},"stringData":{"a":"b"} }""");
        await cluster.CreateAsync("secrets", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"theirs","namespace":"default"},"stringData":{"a":"b"} }""");
        await cluster.CreatePodAsync("web", "worker-1", ""","volumes":[{"name":"v","secret":{"secretName":"theirs"} }]""");
        await cluster.CreatePodAsync("own", "worker-2", ""","volumes":[{"name":"v","secret":{"secretName":"mine"} }]""");
        await cluster.UntilAsync(() => cluster.Phase("web") == "Running" && cluster.Phase("own") == "Running");
        var pod = new ResourceKey("pods", "default", "web");
        var uid = (string)cluster.Json(pod)!["metadata"]!["uid"]!;
        var endpoint = evil.System.ResolveActorRef(cluster.Endpoint);

        var told = new TaskCompletionSource<ObjectsChanged>();
        var probe = evil.System.ActorOf(Props.Create(() => new Listener(told)));
        endpoint.Tell(new ReportPodStatus(pod, uid, "{\"phase\":\"Failed\"}"u8.ToArray(), 99), probe);
        endpoint.Tell(new ReportPodGone(pod, uid), probe);
        endpoint.Tell(new ReportNodeStatus("worker-1", "{}"u8.ToArray()), probe);
        endpoint.Tell(new AgentHello("worker-1", probe, "{}"u8.ToArray()), probe);
        endpoint.Tell(new ReportNodeStatus("worker-1", "{}"u8.ToArray()), ActorRefs.NoSender);
        // Its own hello is welcome, and what it may not read is not told.
        endpoint.Tell(new AgentHello("worker-2", probe, "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"worker-2\"}}"u8.ToArray()), probe);
        var objects = await told.Task.WaitAsync(TimeSpan.FromSeconds(20));
        objects.Objects.Select(o => o.Key.Name).ShouldBe(["mine"]);
        cluster.Phase("web").ShouldBe("Running");
        cluster.IsReady("worker-1").ShouldBeTrue();
        (await endpoint.Ask<object>(new RequestPodToken(pod, uid, "default", [], TimeSpan.FromHours(1)), TimeSpan.FromMilliseconds(300)).ContinueWith(t => t.IsFaulted, TaskScheduler.Default)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_certificate_of_another_node_or_of_no_node_does_not_get_in()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        foreach (var certificate in new[] { cluster.Authority.IssueClient(NodeUser.Of("worker-9"), NodeUser.Group), cluster.Authority.IssueClient("kubernetes-admin", "system:masters") })
        {
            var agent = await cluster.StartAgentAsync("worker-1", RemoteClusterFixture.Runtime(), certificate);
            var refused = new TaskCompletionSource<string>();
            agent.System.EventStream.Subscribe<AssociationErrorEvent>(agent.System.ActorOf(Props.Create(() => new ErrorListener(refused))));
            (await refused.Task.WaitAsync(TimeSpan.FromSeconds(20))).ShouldContain(certificate.Subject.Contains("worker-9", StringComparison.Ordinal) ? "does not speak for" : "neither a member nor a node");
        }
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(TaskCompletionSource<ObjectsChanged> told)
        {
            Receive<AgentWelcome>(_ => Sender.Tell(
                new FollowObjects("worker-2", [new ResourceKey("secrets", "default", "theirs"), new ResourceKey("secrets", "default", "mine")]), Self));
            Receive<ObjectsChanged>(changed => told.TrySetResult(changed));
            ReceiveAny(_ => { });
        }
    }

    private sealed class ErrorListener : ReceiveActor
    {
        public ErrorListener(TaskCompletionSource<string> refused) => Receive<AssociationErrorEvent>(e => refused.TrySetResult(e.Cause.Message));
    }
}
