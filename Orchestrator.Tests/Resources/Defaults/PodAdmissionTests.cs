using System.Text.Json.Nodes;
using Orchestrator.Resources.Defaults;
using Shouldly;

namespace Orchestrator.Tests.Resources.Defaults;

public sealed class PodAdmissionTests
{
    private const string TokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    [Fact]
    public void A_pod_gets_its_account_priority_and_tolerations()
    {
        var pod = Admitted("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"}]}}""");

        var spec = pod["spec"]!;
        ((string?)spec["serviceAccountName"]).ShouldBe("default");
        ((string?)spec["serviceAccount"]).ShouldBe("default");
        ((int?)spec["priority"]).ShouldBe(0);
        ((string?)spec["preemptionPolicy"]).ShouldBe("PreemptLowerPriority");
        spec["tolerations"]!.AsArray().Select(t => $"{t!["key"]} {t["operator"]} {t["effect"]} {t["tolerationSeconds"]}").ShouldBe(
            ["node.kubernetes.io/not-ready Exists NoExecute 300", "node.kubernetes.io/unreachable Exists NoExecute 300"]);
    }

    [Fact]
    public void Every_container_mounts_the_token_volume()
    {
        var pod = Admitted("""{"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"a"},{"name":"b"}]}}""");

        var volume = pod["spec"]!["volumes"]!.AsArray().ShouldHaveSingleItem()!;
        var name = (string)volume["name"]!;
        name.ShouldMatch("^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$");
        volume["projected"]!["sources"]!.AsArray().Count.ShouldBe(3);
        foreach (var container in pod["spec"]!["initContainers"]!.AsArray().Concat(pod["spec"]!["containers"]!.AsArray()))
            container!["volumeMounts"]!.AsArray().ShouldHaveSingleItem()!.ToJsonString().ShouldBe($$"""{"name":"{{name}}","readOnly":true,"mountPath":"{{TokenPath}}"}""");
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(false, null, false)]
    [InlineData(null, false, false)]
    [InlineData(true, false, true)]
    public void The_pod_decides_over_the_account_whether_a_token_is_mounted(bool? ofPod, bool? ofAccount, bool mounted)
    {
        var pod = Parse("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"}]}}""");
        if (ofPod is { } wish) pod["spec"]!["automountServiceAccountToken"] = wish;

        PodAdmission.Admit(pod, new ServiceAccountFacts(ofAccount, []), new Random(1));

        (pod["spec"]!["volumes"] is not null).ShouldBe(mounted);
    }

    [Fact]
    public void A_mount_of_ones_own_at_the_tokens_place_is_left_alone()
    {
        var pod = Admitted($$$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a","volumeMounts":[{"name":"mine","mountPath":"{{{TokenPath}}}"}]}]}}""");

        pod["spec"]!["volumes"].ShouldBeNull();
    }

    [Fact]
    public void Tolerations_of_ones_own_win()
    {
        var pod = Admitted("""{"metadata":{"name":"p"},"spec":{"containers":[],"tolerations":[{"operator":"Exists"}]}}""");

        pod["spec"]!["tolerations"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public void The_accounts_pull_secrets_serve_pods_that_name_none()
    {
        var account = new ServiceAccountFacts(null, ["registry"]);
        var without = Parse("""{"metadata":{"name":"p"},"spec":{"containers":[]}}""");
        var with = Parse("""{"metadata":{"name":"p"},"spec":{"containers":[],"imagePullSecrets":[{"name":"own"}]}}""");

        PodAdmission.Admit(without, account, new Random(1));
        PodAdmission.Admit(with, account, new Random(1));

        without["spec"]!["imagePullSecrets"]!.ToJsonString().ShouldBe("""[{"name":"registry"}]""");
        with["spec"]!["imagePullSecrets"]!.ToJsonString().ShouldBe("""[{"name":"own"}]""");
    }

    [Fact]
    public void Admitting_twice_changes_nothing_more()
    {
        var pod = Admitted("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"}]}}""");
        var once = pod.ToJsonString();

        PodAdmission.Admit(pod, ServiceAccountFacts.Plain, new Random(2));

        pod.ToJsonString().ShouldBe(once);
    }

    private static JsonObject Admitted(string json)
    {
        var pod = Parse(json);
        PodAdmission.Admit(pod, ServiceAccountFacts.Plain, new Random(1));
        return pod;
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
