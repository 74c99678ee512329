using System.Text.Json.Nodes;
using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>Every kubectl command of the main job, in both versions, against a real cluster.</summary>
[Collection(nameof(ClusterCollection))]
[Trait("Needs", "docker")]
public sealed class KubectlTests(ClusterFixture cluster)
{
    public static TheoryData<string> Versions => new("1.32", "1.20");

    [Theory, MemberData(nameof(Versions))]
    public async Task A_manifest_runs_and_is_seen_through_every_form_of_get(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Web(ns))).Ok().ShouldContain("deployment.apps/web created");
        (await cluster.KubectlAsync(v, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok().ShouldContain("successfully rolled out");

        (await cluster.KubectlAsync(v, $"-n {ns} get pods")).Ok().Split('\n').Count(l => l.Contains("1/1") && l.Contains("Running")).ShouldBe(3);
        (await cluster.KubectlAsync(v, $"-n {ns} get pods -o wide")).Ok().ShouldContain("node-1");
        (await cluster.KubectlAsync(v, $"-n {ns} get deployment web")).Ok().ShouldContain("3/3");
        (await cluster.KubectlAsync(v, $"-n {ns} get deployment web -o yaml")).Ok().ShouldContain("kind: Deployment");
        JsonNode.Parse((await cluster.KubectlAsync(v, $"-n {ns} get pods -o json")).Ok())!["items"]!.AsArray().Count.ShouldBe(3);
        var ips = (await cluster.KubectlAsync(v, $"-n {ns} get pods -o jsonpath={{.items[*].status.podIP}}")).Ok().Split(' ');
        ips.Distinct().Count().ShouldBe(3);
        (await cluster.KubectlAsync(v, $"-n {ns} get pods -o custom-columns=NAME:.metadata.name,PHASE:.status.phase")).Ok().ShouldContain("Running");
        (await cluster.KubectlAsync(v, $"-n {ns} get pods -l app=web -o name")).Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(3);
        (await cluster.KubectlAsync(v, $"-n {ns} get pods -l app!=web -o name")).Ok().ShouldBeEmpty();
        (await cluster.KubectlAsync(v, $"-n {ns} get pods --field-selector=status.phase=Running -o name")).Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(3);
        (await cluster.KubectlAsync(v, "get pods -A")).Ok().ShouldContain(ns);
        (await cluster.KubectlAsync(v, $"-n {ns} get service web -o jsonpath={{.spec.clusterIP}}")).Ok().ShouldStartWith("10.");
        (await cluster.KubectlAsync(v, $"-n {ns} describe deployment web")).Ok().ShouldContain("ScalingReplicaSet");
        (await cluster.KubectlAsync(v, $"-n {ns} describe pods -l app=web")).Ok().ShouldContain("Successfully assigned");
        (await cluster.KubectlAsync(v, "describe node node-1")).Ok().ShouldContain("Allocatable:");

        var pod = (await cluster.KubectlAsync(v, $"-n {ns} get pods -o jsonpath={{.items[0].metadata.name}}")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} logs {pod}")).Ok().ShouldContain("started blue");
        // Applying the same again changes nothing.
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Web(ns))).Ok().ShouldContain("deployment.apps/web unchanged");
        (await cluster.KubectlAsync(v, $"delete namespace {ns} --timeout=90s")).Ok();
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Watching_shows_changes_as_they_happen(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        using var watch = cluster.StartKubectl(v, $"-n {ns} get configmaps -w --no-headers");
        (await cluster.KubectlAsync(v, $"-n {ns} create configmap seen --from-literal=a=b")).Ok();
        var line = "";
        while (!line.StartsWith("seen", StringComparison.Ordinal))
            line = await watch.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System) ?? throw new EndOfStreamException("the watch ended");
        watch.Kill();
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Logs_in_every_form(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Pod(ns, "talker", "for i in 1 2 3 4 5; do echo line $i; done; sleep 1; exit 3"))).Ok();
        await cluster.EventuallyAsync(v, $"-n {ns} get pod talker -o jsonpath={{.status.containerStatuses[0].restartCount}}", o => int.TryParse(o, out var n) && n >= 1);
        (await cluster.KubectlAsync(v, $"-n {ns} logs talker --previous")).Ok().ShouldBe("line 1\nline 2\nline 3\nline 4\nline 5\n");
        (await cluster.KubectlAsync(v, $"-n {ns} logs talker --tail=2")).Ok().ShouldBe("line 4\nline 5\n");
        (await cluster.KubectlAsync(v, $"-n {ns} logs talker -c main --since=1h")).Ok().ShouldContain("line 5");
        (await cluster.KubectlAsync(v, $"-n {ns} logs talker --timestamps --tail=1")).Ok().ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z line 5\n$");
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Pod(ns, "counter", "for i in 1 2 3; do echo n$i; sleep 0.2; done", "Never"))).Ok();
        await cluster.EventuallyAsync(v, $"-n {ns} get pod counter -o jsonpath={{.status.phase}}", o => o is "Running" or "Succeeded");
        (await cluster.KubectlAsync(v, $"-n {ns} logs -f counter")).Ok().ShouldBe("n1\nn2\nn3\n");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Rollout_commands(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Web(ns, 2))).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} rollout pause deployment/web")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} set env deployment/web RELEASE=two")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} get replicasets -o name")).Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1);
        (await cluster.KubectlAsync(v, $"-n {ns} rollout resume deployment/web")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} rollout history deployment/web")).Ok().ShouldContain("2");
        (await cluster.KubectlAsync(v, $"-n {ns} rollout undo deployment/web")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} get deployment web -o yaml")).Ok().ShouldNotContain("RELEASE");
        (await cluster.KubectlAsync(v, $"-n {ns} rollout restart deployment/web")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} set image deployment/web web={ClusterFixture.Image}")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} scale deployment/web --replicas=3")).Ok();
        await cluster.EventuallyAsync(v, $"-n {ns} get deployment web -o jsonpath={{.status.readyReplicas}}", o => o == "3");
        (await cluster.KubectlAsync(v, $"-n {ns} scale deployment/web --replicas=0")).Ok();
        await cluster.EventuallyAsync(v, $"-n {ns} get pods -o name", o => o.Length == 0);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Changing_objects(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        (await cluster.KubectlAsync(v, $"-n {ns} create configmap c --from-literal=a=1")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} label configmap c tier=back")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} annotate configmap c note=x")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} patch configmap c --type=merge -p '{{\"data\":{{\"a\":\"2\"}}}}'")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} patch configmap c --type=json -p '[{{\"op\":\"add\",\"path\":\"/data/b\",\"value\":\"3\"}}]'")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} patch configmap c -p '{{\"data\":{{\"d\":\"4\"}}}}'")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} get configmap c -o jsonpath={{.data}}")).Ok().ShouldBe("""{"a":"2","b":"3","d":"4"}""");
        var edit = await Shell.RunAsync(ClusterFixture.KubectlPath(v), ["-n", ns, "edit", "configmap", "c"], null,
            new Dictionary<string, string> { ["KUBECONFIG"] = cluster.Kubeconfig, ["KUBE_EDITOR"] = "sed -i 's/\"2\"/\"20\"/'" });
        edit.Ok().ShouldContain("edited");
        (await cluster.KubectlAsync(v, $"-n {ns} get configmap c -o jsonpath={{.data.a}}")).Ok().ShouldBe("20");
        (await cluster.KubectlAsync(v, $"-n {ns} get configmap c --show-labels")).Ok().ShouldContain("tier=back");
        (await cluster.KubectlAsync(v, $"-n {ns} delete configmap c")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} get configmap c")).Errors.ShouldContain("Error from server (NotFound): configmaps \"c\" not found");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Deleting_in_every_way(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Web(ns, 1))).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} delete deployment web --cascade=orphan")).Ok();
        await cluster.EventuallyAsync(v, $"-n {ns} get replicasets -o jsonpath={{.items[0].metadata.ownerReferences}}", o => o.Length == 0);
        (await cluster.KubectlAsync(v, $"-n {ns} get pods -o name")).Ok().ShouldNotBeEmpty();
        (await cluster.KubectlAsync(v, $"-n {ns} delete replicasets --all --cascade=foreground --timeout=60s")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} get replicasets,pods -o name")).Ok().ShouldBeEmpty();
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Web(ns, 1))).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} delete deployment web --cascade=background")).Ok();
        await cluster.EventuallyAsync(v, $"-n {ns} get pods,replicasets -o name", o => o.Length == 0);

        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Pod(ns, "stubborn", "trap '' TERM; while true; do sleep 1; done", extra: ""))).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} wait --for=condition=Ready pod/stubborn --timeout=60s")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} delete pod stubborn --grace-period=1 --timeout=60s")).Ok();
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Pod(ns, "gone", "sleep 1000"))).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} delete pod gone --force --grace-period=0")).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} get pod gone")).Errors.ShouldContain("NotFound");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Discovery_and_explain(string v)
    {
        (await cluster.KubectlAsync(v, "api-resources")).Ok().ShouldContain("deployments");
        (await cluster.KubectlAsync(v, "api-versions")).Ok().ShouldContain("apps/v1");
        (await cluster.KubectlAsync(v, "explain deployment.spec.strategy.rollingUpdate")).Ok().ShouldContain("maxSurge");
        (await cluster.KubectlAsync(v, "explain pod --recursive")).Ok().ShouldContain("terminationGracePeriodSeconds");
        (await cluster.KubectlAsync(v, "version")).Ok().ShouldContain("v1.32");
        (await cluster.KubectlAsync(v, "get --raw /readyz")).Ok().ShouldBe("ok");
        (await cluster.KubectlAsync(v, "get events -A")).Ok();
        if (v != "1.20") (await cluster.KubectlAsync(v, "events -A")).Ok();
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Cordon_drain_and_uncordon(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Web(ns, 1))).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
        (await cluster.KubectlAsync(v, "cordon node-1")).Ok();
        try
        {
            (await cluster.KubectlAsync(v, "get node node-1")).Ok().ShouldContain("SchedulingDisabled");
            (await cluster.KubectlAsync(v, $"drain node-1 --delete-emptydir-data --ignore-daemonsets --force --pod-selector=app=web --timeout=60s")).Ok().ShouldContain(v == "1.20" ? "node/node-1 evicted" : "node/node-1 drained");
            await cluster.EventuallyAsync(v, $"-n {ns} get pods", o => o.Contains("Pending"));
            await cluster.EventuallyAsync(v, $"-n {ns} get events", o => o.Contains("0/1 nodes are available: 1 node(s) were unschedulable"));
        }
        finally
        {
            (await cluster.KubectlAsync(v, "uncordon node-1")).Ok();
        }
        (await cluster.KubectlAsync(v, $"-n {ns} rollout status deployment/web --timeout=90s")).Ok();
    }
}
