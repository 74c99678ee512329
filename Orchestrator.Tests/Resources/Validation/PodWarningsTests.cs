using System.Text.Json.Nodes;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Kinds;
using Shouldly;

namespace Orchestrator.Tests.Resources.Validation;

public sealed class PodWarningsTests
{
    [Theory]
    [InlineData("""{"spec":{"nodeSelector":{"beta.kubernetes.io/os":"linux","kubernetes.io/arch":"amd64"}}}""", """spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead""")]
    [InlineData("""{"spec":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Exists"},{"key":"failure-domain.beta.kubernetes.io/zone","operator":"Exists"}]}]}}}}}""",
        """spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead""")]
    [InlineData("""{"spec":{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":{"matchExpressions":[{"key":"beta.kubernetes.io/arch","operator":"Exists"}]}}]}}}}""",
        """spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead""")]
    [InlineData("""{"spec":{"topologySpreadConstraints":[{"topologyKey":"beta.kubernetes.io/instance-type"}]}}""",
        """spec.topologySpreadConstraints[0].topologyKey: beta.kubernetes.io/instance-type is deprecated since v1.17; use "node.kubernetes.io/instance-type" instead|spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod""")]
    [InlineData("""{"metadata":{"annotations":{"scheduler.alpha.kubernetes.io/critical-pod":""}}, "spec":{}}""", """metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead""")]
    [InlineData("""{"spec":{"volumes":[{"name":"a","emptyDir":{}},{"name":"b","gitRepo":{"repository":"x"}},{"name":"c","rbd":{"monitors":["m"],"image":"i"}}]}}""", "spec.volumes[1].gitRepo: deprecated in v1.11|spec.volumes[2].rbd: deprecated in v1.28, non-functional in v1.31+")]
    [InlineData("""{"spec":{"volumes":[{"name":"a","projected":{"sources":[{"serviceAccountToken":{"path":"token"}},{"configMap":{"name":"m","items":[{"key":"k","path":"other"},{"key":"t","path":"token"}]}}]}}]}}""",
        "spec.volumes[0].projected.sources.configMap[1]: has duplicated path with ServiceAccountToken \"token\"")]
    [InlineData("""{"spec":{"hostAliases":[{"ip":"1.1.1.1"},{"ip":"2.2.2.2"},{"ip":"1.1.1.1"}]}}""", "spec.hostAliases[2].ip: duplicate ip \"1.1.1.1\"")]
    [InlineData("""{"spec":{"imagePullSecrets":[{"name":"s"},{"name":"s"},{}]}}""", "spec.imagePullSecrets[1].name: duplicate name \"s\"|spec.imagePullSecrets[2].name: invalid empty name \"\"")]
    [InlineData("""{"spec":{"overhead":{"memory":"100m","cpu":"100m"},"containers":[{"name":"c","resources":{"limits":{"memory":"1500m"},"requests":{"ephemeral-storage":"0.5"}}}]}}""",
        "spec.overhead[memory]: fractional byte value \"100m\" is invalid, must be an integer|spec.containers[0].resources.limits[memory]: fractional byte value \"1500m\" is invalid, must be an integer|spec.containers[0].resources.requests[ephemeral-storage]: fractional byte value \"500m\" is invalid, must be an integer")]
    [InlineData("""{"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"x","container.seccomp.security.alpha.kubernetes.io/c":"y","container.apparmor.security.beta.kubernetes.io/c":"z"}},"spec":{"containers":[{"name":"c"}]}}""",
        """metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead|metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the "seccompProfile" field instead""")]
    [InlineData("""{"spec":{"initContainers":[{"name":"i","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}],"containers":[{"name":"c","env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"},{"name":"B","value":"1"},{"name":"B","value":"$(B)"}]}]}}""",
        "spec.initContainers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply|spec.containers[0].env[3]: hides previous definition of \"B\", which may be dropped when using apply")]
    [InlineData("""{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80},{"containerPort":80,"protocol":"UDP"}]},{"name":"b","ports":[{"containerPort":80,"protocol":"TCP"}]},{"name":"c","ports":[{"containerPort":80,"hostPort":8080}]}]}}""",
        "spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]|spec.containers[2].ports[0]: overlapping port definition with spec.containers[0].ports[0]|spec.containers[2].ports[0]: overlapping port definition with spec.containers[1].ports[0]")]
    [InlineData("""{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":8080},{"containerPort":80,"hostPort":8080,"hostIP":"1.2.3.4"}]}]}}""", "spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]")]
    [InlineData("""{"spec":{"terminationGracePeriodSeconds":-1}}""", "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1")]
    [InlineData("""{"spec":{"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":{"topologyKey":"z"}}]},"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"z"}]}}}}""",
        "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod|spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod")]
    [InlineData("""{"spec":{"containers":[{"name":"c","resources":{"limits":{"memory":"nonsense"}}}],"terminationGracePeriodSeconds":-1}}""", "")]
    [InlineData("""{"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80},{"containerPort":81}],"resources":{"limits":{"memory":"1Gi"}}}]}}""", "")]
    [InlineData("""{"metadata":{"name":"p"}}""", "")]
    public void A_pod_is_warned_about(string pod, string warnings) => Of("pods", pod).ShouldBe(warnings);

    [Theory]
    [InlineData("deployments.apps", """{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":-1}}}}""", "spec.template.spec.terminationGracePeriodSeconds")]
    [InlineData("cronjobs.batch", """{"spec":{"jobTemplate":{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":-1}}}}}}""", "spec.jobTemplate.spec.template.spec.terminationGracePeriodSeconds")]
    [InlineData("podtemplates", """{"template":{"spec":{"terminationGracePeriodSeconds":-1}}}""", "template.spec.terminationGracePeriodSeconds")]
    [InlineData("configmaps", """{"spec":{"terminationGracePeriodSeconds":-1}}""", "")]
    [InlineData("deployments.apps", """{"spec":{}}""", "")]
    public void So_is_what_makes_pods_with_the_path_of_its_template(string resource, string obj, string path) =>
        Of(resource, obj).ShouldBe(path.Length == 0 ? "" : $"{path}: must be >= 0; negative values are invalid and will be treated as 1");

    [Fact]
    public void Only_a_template_is_warned_about_AppArmor_annotations()
    {
        const string Pod = """{"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/c":"z"}},"spec":{"containers":[{"name":"c"}]}}""";
        Of("pods", Pod).ShouldBe("");
        Of("jobs.batch", $$"""{"spec":{"template":{{Pod}} } }""").ShouldBe("""spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead""");
    }

    private static string Of(string resource, string json) => string.Join('|', PodWarnings.Of(KindCatalog.Default.Get(resource), JsonNode.Parse(json)!.AsObject()));
}
