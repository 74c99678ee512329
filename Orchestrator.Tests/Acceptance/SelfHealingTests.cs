using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>What the cluster does when something dies under it.</summary>
[Collection(nameof(ClusterCollection))]
[Trait("Needs", "docker")]
public sealed class SelfHealingTests(ClusterFixture cluster)
{
    private const string V = "1.32";

    [Fact]
    public async Task A_killed_container_is_restarted_with_back_off()
    {
        var ns = await cluster.NamespaceAsync(V);
        (await cluster.KubectlAsync(V, "apply -f -", Manifests.Pod(ns, "victim", "sleep 1000"))).Ok();
        (await cluster.KubectlAsync(V, $"-n {ns} wait --for=condition=Ready pod/victim --timeout=60s")).Ok();
        var id = await ContainerIdAsync(ns, "victim");
        (await Shell.RunAsync("docker", ["kill", id])).Ok();
        await cluster.EventuallyAsync(V, $"-n {ns} get pod victim -o jsonpath={{.status.containerStatuses[0].restartCount}}/{{.status.containerStatuses[0].ready}}", o => o == "1/true");
        (await cluster.KubectlAsync(V, $"-n {ns} get pod victim -o jsonpath={{.status.containerStatuses[0].lastState.terminated.exitCode}}")).Ok().ShouldBe("137");
        (await Shell.RunAsync("docker", ["kill", await ContainerIdAsync(ns, "victim")])).Ok();
        // The second restart waits: the status says so meanwhile.
        await cluster.EventuallyAsync(V, $"-n {ns} get pod victim", o => o.Contains("CrashLoopBackOff") || o.Contains("Error"));
        await cluster.EventuallyAsync(V, $"-n {ns} get pod victim -o jsonpath={{.status.containerStatuses[0].restartCount}}", o => o == "2");
    }

    [Fact]
    public async Task A_pod_whose_sandbox_is_killed_is_rebuilt()
    {
        var ns = await cluster.NamespaceAsync(V);
        (await cluster.KubectlAsync(V, "apply -f -", Manifests.Pod(ns, "boxed", "sleep 1000"))).Ok();
        (await cluster.KubectlAsync(V, $"-n {ns} wait --for=condition=Ready pod/boxed --timeout=60s")).Ok();
        var uid = (await cluster.KubectlAsync(V, $"-n {ns} get pod boxed -o jsonpath={{.metadata.uid}}")).Ok();
        var before = await ContainerIdAsync(ns, "boxed");
        var sandbox = (await Shell.RunAsync("docker", ["ps", "-q", "--filter", "name=k8s_POD_boxed_" + ns])).Ok().Trim();
        sandbox.ShouldNotBeEmpty();
        (await Shell.RunAsync("docker", ["kill", sandbox])).Ok();
        await cluster.EventuallyAsync(V, $"-n {ns} get pod boxed -o jsonpath={{.status.containerStatuses[0].containerID}}/{{.status.containerStatuses[0].ready}}",
            o => o.EndsWith("/true", StringComparison.Ordinal) && !o.Contains(before));
        (await cluster.KubectlAsync(V, $"-n {ns} get pod boxed -o jsonpath={{.metadata.uid}}")).Ok().ShouldBe(uid);
    }

    [Fact]
    public async Task A_deleted_pod_of_a_deployment_is_replaced()
    {
        var ns = await cluster.NamespaceAsync(V);
        (await cluster.KubectlAsync(V, "apply -f -", Manifests.Web(ns, 2))).Ok();
        (await cluster.KubectlAsync(V, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        var pod = (await cluster.KubectlAsync(V, $"-n {ns} get pods -o jsonpath={{.items[0].metadata.name}}")).Ok();
        (await cluster.KubectlAsync(V, $"-n {ns} delete pod {pod}")).Ok();
        await cluster.EventuallyAsync(V, $"-n {ns} get deployment web -o jsonpath={{.status.readyReplicas}}", o => o == "2");
        (await cluster.KubectlAsync(V, $"-n {ns} get pods -o name")).Ok().ShouldNotContain(pod);
    }

    [Fact]
    public async Task Kill_9_in_the_middle_of_a_rollout_restarts_no_running_container_and_the_rollout_finishes()
    {
        var ns = await cluster.NamespaceAsync(V);
        (await cluster.KubectlAsync(V, "apply -f -", Manifests.Web(ns, 3))).Ok();
        (await cluster.KubectlAsync(V, "apply -f -", Manifests.Pod(ns, "bystander", "sleep 10000"))).Ok();
        (await cluster.KubectlAsync(V, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        (await cluster.KubectlAsync(V, $"-n {ns} wait --for=condition=Ready pod/bystander --timeout=60s")).Ok();
        var bystander = await ContainerIdAsync(ns, "bystander");
        (await cluster.KubectlAsync(V, $"-n {ns} set env deployment/web RELEASE=two")).Ok();
        await cluster.EventuallyAsync(V, $"-n {ns} get replicasets -o name", o => o.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 2);

        var pid = int.Parse(await File.ReadAllTextAsync(Path.Combine(cluster.Data, "orchestrator.pid")), CultureInfo.InvariantCulture);
        using (var process = Process.GetProcessById(pid))
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        await cluster.UpAsync();

        (await cluster.KubectlAsync(V, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        (await ContainerIdAsync(ns, "bystander")).ShouldBe(bystander);
        (await cluster.KubectlAsync(V, $"-n {ns} get pod bystander -o jsonpath={{.status.containerStatuses[0].restartCount}}")).Ok().ShouldBe("0");
        // Exactly the pods' containers run: nothing twice, nothing orphaned.
        await cluster.EventuallyAsync(V, $"-n {ns} get pods -o name", o => o.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 4);
        var pods = JsonNode.Parse((await cluster.KubectlAsync(V, $"-n {ns} get pods -o json")).Ok())!["items"]!.AsArray();
        var wanted = pods.Select(p => ((string)p!["status"]!["containerStatuses"]![0]!["containerID"]!)["docker://".Length..]).Order().ToList();
        var running = (await Shell.RunAsync("docker", ["ps", "-q", "--no-trunc", "--filter", $"label=io.kubernetes.pod.namespace={ns}"])).Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        running.Count(wanted.Contains).ShouldBe(4);
        running.Length.ShouldBe(8, "one sandbox and one container for each of the four pods");
    }

    [Fact]
    public async Task Images_that_do_not_exist_and_containers_that_exit_are_reported_as_users_know_it()
    {
        var ns = await cluster.NamespaceAsync(V);
        (await cluster.KubectlAsync(V, "apply -f -", Manifests.Pod(ns, "noimage", "true", image: "127.0.0.1:1/nothing:1"))).Ok();
        (await cluster.KubectlAsync(V, "apply -f -", Manifests.Pod(ns, "crasher", "exit 1"))).Ok();
        await cluster.EventuallyAsync(V, $"-n {ns} get pod noimage", o => o.Contains("ErrImagePull") || o.Contains("ImagePullBackOff"));
        await cluster.EventuallyAsync(V, $"-n {ns} get pod noimage", o => o.Contains("ImagePullBackOff"));
        await cluster.EventuallyAsync(V, $"-n {ns} get pod crasher", o => o.Contains("CrashLoopBackOff"));
        await cluster.EventuallyAsync(V, $"-n {ns} describe pod crasher", o => o.Contains("Back-off restarting failed container"));
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_says_why()
    {
        var ns = await cluster.NamespaceAsync(V);
        var pod = Manifests.Pod(ns, "huge", "sleep 1", extra: "nodeSelector: {kubernetes.io/hostname: nowhere}");
        (await cluster.KubectlAsync(V, "apply -f -", pod)).Ok();
        await cluster.EventuallyAsync(V, $"-n {ns} get events", o => o.Contains("FailedScheduling") && o.Contains("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector"));
        (await cluster.KubectlAsync(V, $"-n {ns} get pod huge -o jsonpath={{.status.phase}}")).Ok().ShouldBe("Pending");
    }

    [Fact]
    public async Task A_rolling_update_never_falls_below_what_its_strategy_promises()
    {
        var ns = await cluster.NamespaceAsync(V);
        (await cluster.KubectlAsync(V, "apply -f -", Manifests.Web(ns, 4))).Ok();
        (await cluster.KubectlAsync(V, $"-n {ns} patch deployment web -p '{{\"spec\":{{\"minReadySeconds\":1,\"strategy\":{{\"rollingUpdate\":{{\"maxSurge\":1,\"maxUnavailable\":\"25%\"}}}}}}}}'")).Ok();
        (await cluster.KubectlAsync(V, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        (await cluster.KubectlAsync(V, $"-n {ns} set env deployment/web RELEASE=two")).Ok();
        var lowest = int.MaxValue;
        var most = 0;
        while (true)
        {
            var items = JsonNode.Parse((await cluster.KubectlAsync(V, $"-n {ns} get pods -l app=web -o json")).Ok())!["items"]!.AsArray();
            var live = items.Where(p => p!["metadata"]!["deletionTimestamp"] is null).ToList();
            lowest = Math.Min(lowest, live.Count(IsReady));
            most = Math.Max(most, live.Count);
            var status = JsonNode.Parse((await cluster.KubectlAsync(V, $"-n {ns} get deployment web -o json")).Ok())!;
            if ((int?)status["status"]!["updatedReplicas"] == 4 && (int?)status["status"]!["replicas"] == 4 && (int?)status["status"]!["availableReplicas"] == 4
                && (int)status["status"]!["observedGeneration"]! == (int)status["metadata"]!["generation"]!) break;
        }
        lowest.ShouldBeGreaterThanOrEqualTo(3);
        most.ShouldBeLessThanOrEqualTo(5);
    }

    private static bool IsReady(JsonNode? pod) =>
        (pod!["status"]?["conditions"] as JsonArray ?? []).Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True");

    private async Task<string> ContainerIdAsync(string ns, string pod) =>
        (await cluster.KubectlAsync(V, $"-n {ns} get pod {pod} -o jsonpath={{.status.containerStatuses[0].containerID}}")).Ok()["docker://".Length..];
}
