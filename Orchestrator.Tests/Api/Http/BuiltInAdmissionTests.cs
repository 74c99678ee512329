using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Http;

/// <summary>What upstream's admission plugins do to every cluster: what is refused, and what is filled in.</summary>
[Collection("api")]
public class BuiltInAdmissionTests(ApiFixture api)
{
    [Theory]
    [InlineData("default")]
    [InlineData("kube-system")]
    [InlineData("kube-public")]
    public async Task Namespaces_that_the_cluster_needs_stay(string name)
    {
        var answer = await api.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{name}");
        (answer.Code, answer.Message).ShouldBe((403, $"namespaces \"{name}\" is forbidden: this namespace may not be deleted"));
    }

    [Fact]
    public async Task A_limit_range_gives_defaults_and_keeps_bounds()
    {
        var ns = await ReadyNamespaceAsync();
        (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/limitranges", """
            {"metadata":{"name":"bounds"},"spec":{"limits":[{"type":"Container","defaultRequest":{"cpu":"100m","memory":"64Mi"},"default":{"cpu":"200m"},"max":{"cpu":"1"},"maxLimitRequestRatio":{"cpu":"4"}},
              {"type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"2Gi"}}]}}
            """)).Code.ShouldBe(201);
        var pod = (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", Pod("plain", "{}"))).Json;
        pod["spec"]!["containers"]![0]!["resources"]!.ToJsonString().ShouldBe("""{"limits":{"cpu":"200m"},"requests":{"cpu":"100m","memory":"64Mi"}}""");
        ((string?)pod["metadata"]!["annotations"]!["kubernetes.io/limit-ranger"]).ShouldBe("LimitRanger plugin set: cpu, memory request for container c; cpu limit for container c");
        ((string?)pod["status"]!["qosClass"]).ShouldBe("Burstable");
        var much = await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", Pod("much", """{"limits":{"cpu":"2"},"requests":{"cpu":"1"}}"""));
        (much.Code, much.Message).ShouldBe((403, "pods \"much\" is forbidden: maximum cpu usage per Container is 1, but limit is 2"));
        var wide = await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", Pod("wide", """{"limits":{"cpu":"1"},"requests":{"cpu":"100m"}}"""));
        wide.Message.ShouldBe("pods \"wide\" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000");
        var claim = await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/persistentvolumeclaims", """{"metadata":{"name":"big"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"3Gi"}}}}""");
        claim.Message.ShouldBe("persistentvolumeclaims \"big\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi");
    }

    [Fact]
    public async Task Nobody_grants_what_he_does_not_have()
    {
        var ns = await api.NamespaceAsync();
        var roles = $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles";
        var bindings = $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings";
        (await api.SendAsync(HttpMethod.Post, bindings, """{"metadata":{"name":"local"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"admin"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"ann"}]}""")).Code.ShouldBe(201);
        using var ann = api.Client(api.Pki.Authority.IssueClient("ann"));
        Task<ApiAnswer> Role(string name, string rule) => api.SendAsync(HttpMethod.Post, roles, $$$"""{"metadata":{"name":"{{{name}}}"},"rules":[{{{rule}}}]}""", client: ann);
        (await Role("fine", """{"apiGroups":[""],"resources":["pods","configmaps"],"verbs":["get","list"]}""")).Code.ShouldBe(201);
        var refused = await Role("more", """{"apiGroups":[""],"resources":["pods","nodes"],"verbs":["get","list"]}""");
        refused.Code.ShouldBe(403);
        refused.Message.ShouldBe($"roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"ann\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
            + "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"list\"]}");
        var binding = await api.SendAsync(HttpMethod.Post, bindings, """{"metadata":{"name":"all"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[]}""", client: ann);
        (binding.Code, binding.Message.Contains("is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}\n{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}", StringComparison.Ordinal)).ShouldBe((403, true));
        (await api.SendAsync(HttpMethod.Patch, $"{roles}/fine", """{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}""", "application/merge-patch+json", client: ann)).Code.ShouldBe(403);
        (await api.SendAsync(HttpMethod.Patch, $"{roles}/fine", """{"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json", client: ann)).Code.ShouldBe(200);
        // The verb bind stands for having the role.
        (await api.SendAsync(HttpMethod.Post, roles, """{"metadata":{"name":"binder"},"rules":[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["cluster-admin"],"verbs":["bind"]}]}""")).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, bindings, """{"metadata":{"name":"binders"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"binder"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"ann"}]}""")).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, bindings, """{"metadata":{"name":"all"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[]}""", client: ann)).Code.ShouldBe(201);
    }

    [Fact]
    public async Task Aggregated_roles_show_what_they_collect()
    {
        var label = $"collect-{Guid.NewGuid():N}"[..16];
        var path = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
        (await api.SendAsync(HttpMethod.Post, path, $$$"""{"metadata":{"name":"{{{label}}}-all"},"aggregationRule":{"clusterRoleSelectors":[{"matchExpressions":[{"key":"{{{label}}}","operator":"Exists"}]}]}}""")).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, path, $$$"""{"metadata":{"name":"{{{label}}}-one","labels":{"{{{label}}}":"x"}},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}""")).Code.ShouldBe(201);
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{path}/{label}-all")).Json["rules"]?.ToJsonString() == """[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]""");
        (await api.SendAsync(HttpMethod.Delete, $"{path}/{label}-one")).Code.ShouldBe(200);
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{path}/{label}-all")).Json["rules"] is null or JsonArray { Count: 0 });
    }

    [Fact]
    public async Task Certificate_requests_are_checked_and_decided_by_who_may()
    {
        const string Path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        var name = $"csr-{Guid.NewGuid():N}"[..12];
        var wrong = await api.SendAsync(HttpMethod.Post, Path, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"request":"eA==","signerName":"nodomain/x","usages":["client auth","client auth","nonsense"],"expirationSeconds":5}}""");
        wrong.Json["details"]!["causes"]!.AsArray().Select(c => (string?)c!["field"]).ShouldBe(["spec.request", "spec.usages[1]", "spec.usages[2]", "spec.signerName", "spec.expirationSeconds"]);
        (await api.SendAsync(HttpMethod.Post, Path, Request(name, "tests.example.com/signer"))).Code.ShouldBe(201);
        var csr = (await api.GetAsync($"{Path}/{name}")).Json;
        csr["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Approved", ["status"] = "True", ["reason"] = "Test", ["message"] = "fine" }) };
        (await api.SendAsync(HttpMethod.Put, $"{Path}/{name}/status", csr.ToJsonString())).Message.ShouldContain("updates may not add a condition of type \"Approved\"");

        var role = $"approver-{name}";
        (await api.SendAsync(HttpMethod.Post, "/apis/rbac.authorization.k8s.io/v1/clusterroles", $$$"""
            {"metadata":{"name":"{{{role}}}"},"rules":[{"apiGroups":["certificates.k8s.io"],"resources":["certificatesigningrequests","certificatesigningrequests/approval"],"verbs":["get","update","patch"]}]}
            """)).Code.ShouldBe(201);
        (await api.SendAsync(HttpMethod.Post, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", $$$"""
            {"metadata":{"name":"{{{role}}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{{role}}}"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"{{{role}}}"}]}
            """)).Code.ShouldBe(201);
        using var approver = api.Client(api.Pki.Authority.IssueClient(role));
        var refused = await api.SendAsync(HttpMethod.Put, $"{Path}/{name}/approval", csr.ToJsonString(), client: approver);
        (refused.Code, refused.Message).ShouldBe((403, $"certificatesigningrequests.certificates.k8s.io \"{name}\" is forbidden: user not permitted to approve requests with signerName \"tests.example.com/signer\""));
        (await api.SendAsync(HttpMethod.Patch, $"/apis/rbac.authorization.k8s.io/v1/clusterroles/{role}", """
            [{"op":"add","path":"/rules/-","value":{"apiGroups":["certificates.k8s.io"],"resources":["signers"],"resourceNames":["tests.example.com/*"],"verbs":["approve"]}}]
            """, "application/json-patch+json")).Code.ShouldBe(200);
        var approved = await api.SendAsync(HttpMethod.Put, $"{Path}/{name}/approval", csr.ToJsonString(), client: approver);
        approved.Code.ShouldBe(200, approved.Text);
        approved.Json["status"]!["conditions"]![0]!["lastTransitionTime"].ShouldNotBeNull();
        approved.Json["status"]!["conditions"]!.AsArray().Add(new JsonObject { ["type"] = "Denied", ["status"] = "True" });
        (await api.SendAsync(HttpMethod.Put, $"{Path}/{name}/approval", approved.Text.Replace("\"conditions\":[", "\"conditions\":[{\"type\":\"Denied\",\"status\":\"True\"},", StringComparison.Ordinal))).Message
            .ShouldContain("Approved and Denied conditions are mutually exclusive");
        (await api.SendAsync(HttpMethod.Post, Path, Request($"{name}-m", "kubernetes.io/kube-apiserver-client", "system:masters"))).Message.ShouldContain("use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed");
    }

    [Fact]
    public async Task Classes_are_filled_in_and_a_runtime_class_must_be_there()
    {
        var ns = await ReadyNamespaceAsync();
        var name = $"class-{ns}";
        (await api.SendAsync(HttpMethod.Post, "/apis/networking.k8s.io/v1/ingressclasses", $$$"""{"metadata":{"name":"{{{name}}}","annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},"spec":{"controller":"example.com/x"}}""")).Code.ShouldBe(201);
        var ingress = await api.SendAsync(HttpMethod.Post, $"/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses", """{"metadata":{"name":"i"},"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}}""");
        ((string?)ingress.Json["spec"]!["ingressClassName"]).ShouldBe(name);
        (await api.SendAsync(HttpMethod.Delete, $"/apis/networking.k8s.io/v1/ingressclasses/{name}")).Code.ShouldBe(200);
        var pod = Pod("p", "{}").Replace("\"containers\"", $"\"runtimeClassName\":\"{name}\",\"containers\"", StringComparison.Ordinal);
        (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", pod)).Message.ShouldBe($"pods \"p\" is forbidden: pod rejected: RuntimeClass \"{name}\" not found");
        (await api.SendAsync(HttpMethod.Post, "/apis/node.k8s.io/v1/runtimeclasses", $$$"""{"metadata":{"name":"{{{name}}}"},"handler":"runc","overhead":{"podFixed":{"cpu":"10m"}},"scheduling":{"nodeSelector":{"a":"b"} } }""")).Code.ShouldBe(201);
        var made = (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", pod)).Json;
        (made["spec"]!["overhead"]!.ToJsonString(), made["spec"]!["nodeSelector"]!.ToJsonString()).ShouldBe(("""{"cpu":"10m"}""", """{"a":"b"}"""));
    }

    [Fact]
    public async Task A_pods_resources_change_through_resize_alone()
    {
        var ns = await ReadyNamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/pods/p";
        (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", Pod("p", """{"requests":{"cpu":"100m"}}"""))).Code.ShouldBe(201);
        const string Patch = """{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"200m"}}}]}}""";
        (await api.SendAsync(HttpMethod.Patch, path, Patch, "application/strategic-merge-patch+json")).Code.ShouldBe(422);
        var resized = await api.SendAsync(HttpMethod.Patch, $"{path}/resize", Patch, "application/strategic-merge-patch+json");
        ((string?)resized.Json["spec"]!["containers"]![0]!["resources"]!["requests"]!["cpu"], (string?)resized.Json["status"]!["resize"]).ShouldBe(("200m", "Proposed"), resized.Text);
        var other = await api.SendAsync(HttpMethod.Patch, $"{path}/resize", """{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"200m","memory":"1Gi"},"requests":{"cpu":"200m","memory":"1Gi"}}}]}}""", "application/strategic-merge-patch+json");
        other.Message.ShouldContain("Pod QOS Class may not change as a result of resizing");
    }

    [Fact]
    public async Task A_namespace_can_ask_for_a_pod_security_standard()
    {
        var ns = await ReadyNamespaceAsync();
        var labels = $"/api/v1/namespaces/{ns}";
        (await api.SendAsync(HttpMethod.Patch, labels, """{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"strict"}}}""", "application/merge-patch+json")).Message
            .ShouldContain("metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted");
        (await api.SendAsync(HttpMethod.Patch, labels, """{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline","pod-security.kubernetes.io/warn":"restricted"}}}""", "application/merge-patch+json")).Code.ShouldBe(200);
        var plain = await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", Pod("plain", "{}"));
        plain.Code.ShouldBe(201);
        plain.Warnings.ShouldHaveSingleItem().Replace("\\\"", "'", StringComparison.Ordinal).ShouldBe("299 - \"would violate PodSecurity 'restricted:latest': allowPrivilegeEscalation != false (container 'c' must set securityContext.allowPrivilegeEscalation=false), "
            + "unrestricted capabilities (container 'c' must set securityContext.capabilities.drop=['ALL']), runAsNonRoot != true (pod or container 'c' must set securityContext.runAsNonRoot=true), "
            + "seccompProfile (pod or container 'c' must set securityContext.seccompProfile.type to 'RuntimeDefault' or 'Localhost')\"");
        var bad = await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", """
            {"metadata":{"name":"bad"},"spec":{"hostNetwork":true,"volumes":[{"name":"v","hostPath":{"path":"/"}}],"containers":[{"name":"c","image":"x","ports":[{"containerPort":80,"hostPort":80}],
              "securityContext":{"privileged":true,"capabilities":{"add":["SYS_ADMIN"]}}}]}}
            """);
        (bad.Code, bad.Message).ShouldBe((403, "pods \"bad\" is forbidden: violates PodSecurity \"baseline:latest\": non-default capabilities (container \"c\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add), "
            + "host namespaces (hostNetwork=true), hostPath volumes (volume \"v\"), hostPort (container \"c\" uses hostPort 80), privileged (container \"c\" must not set securityContext.privileged=true)"));
        var good = await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", """
            {"metadata":{"name":"good"},"spec":{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"c","image":"x",
              "securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}
            """);
        (good.Code, good.Warnings.Count).ShouldBe((201, 0), good.Text);
    }

    [Fact]
    public async Task Who_writes_a_doubtful_pod_or_template_is_warned_and_only_where_the_spec_changes()
    {
        var ns = await ReadyNamespaceAsync();
        const string Spec = """{"containers":[{"name":"c","image":"x","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}]}""";
        var pods = $"/api/v1/namespaces/{ns}/pods";
        Warned(await api.SendAsync(HttpMethod.Post, pods, $$"""{"metadata":{"name":"p"},"spec":{{Spec}} }""")).ShouldBe("""299 - "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply" """.Trim());
        Warned(await api.SendAsync(HttpMethod.Patch, $"{pods}/p", """{"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json")).ShouldBe("");

        var deployments = $"/apis/apps/v1/namespaces/{ns}/deployments";
        const string Warning = "spec.template.spec.containers[0].env[1]: hides previous definition";
        Warned(await api.SendAsync(HttpMethod.Post, deployments, $$$"""{"metadata":{"name":"d"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{{{Spec}}} } } }""")).ShouldContain(Warning);
        Warned(await api.SendAsync(HttpMethod.Patch, $"{deployments}/d", """{"metadata":{"annotations":{"a":"b"}}}""", "application/merge-patch+json")).ShouldBe("");
        Warned(await api.SendAsync(HttpMethod.Patch, $"{deployments}/d", """{"spec":{"minReadySeconds":1}}""", "application/merge-patch+json")).ShouldContain(Warning);

        static string Warned(ApiAnswer answer)
        {
            answer.Code.ShouldBeInRange(200, 201, answer.Text);
            return string.Join('|', answer.Warnings);
        }
    }

    [Fact]
    public async Task A_token_secret_is_filled_works_and_goes_with_its_account()
    {
        var ns = await api.NamespaceAsync();
        (await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/serviceaccounts", """{"metadata":{"name":"robot"}}""")).Code.ShouldBe(201);
        var path = $"/api/v1/namespaces/{ns}/secrets";
        (await api.SendAsync(HttpMethod.Post, path, """{"metadata":{"name":"t","annotations":{"kubernetes.io/service-account.name":"robot"}},"type":"kubernetes.io/service-account-token"}""")).Code.ShouldBe(201);
        JsonObject secret = [];
        await Eventually.HoldsAsync(async () => (secret = (await api.GetAsync($"{path}/t")).Json)["data"]?["token"] is not null);
        Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]!["namespace"]!)).ShouldBe(ns);
        using var robot = api.Client(token: Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]!["token"]!)));
        var who = await api.SendAsync(HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", client: robot);
        ((string?)who.Json["status"]!["userInfo"]!["username"]).ShouldBe($"system:serviceaccount:{ns}:robot");
        (await api.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{ns}/serviceaccounts/robot")).Code.ShouldBe(200);
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"{path}/t")).Code == 404);
    }

    private async Task<string> ReadyNamespaceAsync()
    {
        var ns = await api.NamespaceAsync();
        await Eventually.HoldsAsync(async () => (await api.GetAsync($"/api/v1/namespaces/{ns}/serviceaccounts/default")).Code == 200);
        return ns;
    }

    private static string Pod(string name, string resources) => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"x","resources":{{{resources}}} }]} }""";

    private static string Request(string name, string signer, string group = "team")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = new CertificateRequest($"CN=somebody, O={group}", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        return $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"request":"{{{Convert.ToBase64String(Encoding.ASCII.GetBytes(pem))}}}","signerName":"{{{signer}}}","usages":["client auth"]} }""";
    }
}
