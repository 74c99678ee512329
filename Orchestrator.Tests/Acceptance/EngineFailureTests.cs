using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>What the cluster does when Docker Engine goes away under it.</summary>
[Trait("Needs", "docker")]
public sealed class EngineFailureTests
{
    private const string V = "1.32";

    [Fact]
    public async Task A_node_whose_engine_is_killed_says_so_and_everything_recovers_when_it_is_back()
    {
        await using var engine = new PrivateDockerEngine();
        await engine.StartAsync();
        var cluster = new ClusterFixture(engine.Socket);
        await cluster.InitializeAsync();
        try
        {
            var ns = await cluster.NamespaceAsync(V);
            (await cluster.KubectlAsync(V, "apply -f -", Manifests.Web(ns, 2))).Ok();
            (await cluster.KubectlAsync(V, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();

            await engine.StopAsync(9);
            await cluster.EventuallyAsync(V, "get node node-1 -o jsonpath={.status.conditions[?(@.type==\"Ready\")].status}/{.status.conditions[?(@.type==\"Ready\")].reason}", o => o == "False/KubeletNotReady");
            (await cluster.KubectlAsync(V, "describe node node-1")).Ok().ShouldContain("container runtime is down");
            // What is asked for meanwhile is kept, and done later.
            (await cluster.KubectlAsync(V, $"-n {ns} scale deployment/web --replicas=3")).Ok();
            (await cluster.KubectlAsync(V, $"-n {ns} create configmap made-meanwhile --from-literal=a=b")).Ok();

            await engine.StartAsync();
            await cluster.EventuallyAsync(V, "get node node-1", o => o.Contains(" Ready "));
            (await cluster.KubectlAsync(V, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
            await cluster.EventuallyAsync(V, $"-n {ns} get deployment web -o jsonpath={{.status.readyReplicas}}/{{.status.replicas}}", o => o == "3/3");
            var running = (await cluster.DockerAsync("ps", "-q", "--filter", $"name=k8s_web_.*_{ns}_")).Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            running.Length.ShouldBe(3, "each pod has its container, once");
        }
        finally
        {
            await cluster.DisposeAsync();
        }
    }
}
