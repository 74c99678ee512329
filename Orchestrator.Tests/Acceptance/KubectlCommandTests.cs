using System.Net.Http;
using System.Text.Json.Nodes;
using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>The rest of kubectl's command set, in both versions. What has nothing to do with each other runs at once.</summary>
[Collection(nameof(ClusterCollection))]
[Trait("Needs", "docker")]
public sealed class KubectlCommandTests(ClusterFixture cluster) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("kubectl-").FullName;

    public static TheoryData<string> Versions => KubectlTests.Versions;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, MemberData(nameof(Versions))]
    public async Task Every_generator_of_create(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        var file = await FileAsync("file.txt", "content");
        var (certificate, key) = await CertificateAsync();
        var made = new List<string>
        {
            $"deployment web --image={ClusterFixture.Image} --replicas=0 => deployment.apps/web created",
            $"job once --image={ClusterFixture.Image} -- true => job.batch/once created",
            $"configmap c --from-literal=a=b --from-file={file} => configmap/c created",
            $"secret generic g --from-literal=a=b => secret/g created",
            "secret docker-registry d --docker-server=r.example --docker-username=u --docker-password=p => secret/d created",
            $"secret tls t --cert={certificate} --key={key} => secret/t created",
            "service clusterip s1 --tcp=80:8080 => service/s1 created", "service nodeport s2 --tcp=80 => service/s2 created",
            "service loadbalancer s3 --tcp=80 => service/s3 created", "service externalname s4 --external-name=example.com => service/s4 created",
            "ingress i --rule=a.example/path*=s1:80 => ingress.networking.k8s.io/i created",
            "role r --verb=get,list --resource=pods,deployments.apps => role.rbac.authorization.k8s.io/r created",
            $"rolebinding b --role=r --serviceaccount={ns}:default => rolebinding.rbac.authorization.k8s.io/b created",
            $"clusterrole {ns} --verb=get --non-resource-url=/metrics => clusterrole.rbac.authorization.k8s.io/{ns} created",
            $"clusterrolebinding {ns} --clusterrole={ns} --user=nobody => clusterrolebinding.rbac.authorization.k8s.io/{ns} created",
            "quota q --hard=pods=10 => resourcequota/q created", $"priorityclass {ns} --value=5 => priorityclass.scheduling.k8s.io/{ns} created",
            "serviceaccount sa => serviceaccount/sa created", $"namespace {ns}-2 => namespace/{ns}-2 created",
        };
        // 1.20 makes these two in beta versions that a 1.32 server does not have any more.
        if (v != "1.20")
        {
            made.Add($"cronjob nightly --image={ClusterFixture.Image} --schedule='0 0 * * *' -- true => cronjob.batch/nightly created");
            made.Add("poddisruptionbudget p --selector=app=web --min-available=1 => poddisruptionbudget.policy/p created");
        }
        await AtOnceAsync(v, ns, [.. made.Select(m => $"create {m}")]);
        if (v != "1.20")
            await AtOnceAsync(v, ns, "create job from-cron --from=cronjob/nightly => job.batch/from-cron created", "create token sa => eyJ");
        (await K(v, ns, "get secret t -o jsonpath={.type}")).ShouldBe("kubernetes.io/tls");
        (await K(v, ns, "get configmap c -o jsonpath={.data}")).ShouldBe("""{"a":"b","file.txt":"content"}""");
        await AtOnceAsync(v, ns, "create deployment dry --image=x --dry-run=server => created (server dry run)", $"delete clusterrole {ns} => deleted", $"delete clusterrolebinding {ns} => deleted", $"delete priorityclass {ns} => deleted", $"delete namespace {ns}-2 --wait=false => deleted");
        (await cluster.KubectlAsync(v, $"-n {ns} get deployment dry")).Errors.ShouldContain("NotFound");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Setting_exposing_and_scaling(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        await K(v, ns, $"create deployment web --image={ClusterFixture.Image} --replicas=0");
        await K(v, ns, "expose deployment web --port=80 --target-port=8080 --name=web");
        await AtOnceAsync(v, ns, "set env deployment/web A=B => env updated", "set resources deployment/web --limits=cpu=200m,memory=64Mi => resource requirements updated", "set serviceaccount deployment/web other => serviceaccount updated",
            "set image deployment/web busybox=example.com/other:2 => image updated", "autoscale deployment web --min=1 --max=3 --cpu-percent=80 => autoscaled", "set selector service web app=other => selector updated");
        (await K(v, ns, "get deployment web -o jsonpath={.spec.template.spec.serviceAccountName}/{.spec.template.spec.containers[0].image}/{.spec.template.spec.containers[0].resources.limits.memory}/{.spec.template.spec.containers[0].env[0].value}"))
            .ShouldBe("other/example.com/other:2/64Mi/B");
        (await K(v, ns, "get service web -o jsonpath={.spec.selector}/{.spec.ports[0].targetPort}")).ShouldBe("""{"app":"other"}/8080""");
        (await K(v, ns, "get hpa web -o jsonpath={.spec.maxReplicas}")).ShouldBe("3");
        await K(v, ns, "create role r --verb=get --resource=pods");
        await K(v, ns, "create rolebinding b --role=r --user=jack");
        await K(v, ns, "set subject rolebinding b --user=jane");
        (await K(v, ns, "get rolebinding b -o jsonpath={.subjects[*].name}")).ShouldBe("jack jane");
        await AtOnceAsync(v, ns, "scale deployment web --replicas=0 --current-replicas=0 => scaled", "rollout history deployment/web => REVISION", "rollout status deployment/web --watch=false => successfully rolled out");
        (await cluster.KubectlAsync(v, $"-n {ns} scale deployment web --replicas=1 --current-replicas=5")).Errors.ShouldContain("Expected replicas to be 5, was 0");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Get_and_explain_in_every_form(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        await AtOnceAsync(v, ns, "create configmap b --from-literal=k=1 => created", "create configmap a --from-literal=k=2 => created", $"create deployment web --image={ClusterFixture.Image} --replicas=0 => created");
        await K(v, ns, "label configmap a b own=yes tier=back");
        var columns = await FileAsync("columns.txt", "NAME VALUE\n.metadata.name .data.k\n");
        await AtOnceAsync(v, ns, "get configmap,deployment --show-kind -l own!=no => deployment.apps/web", "get configmap a --show-labels => own=yes,tier=back", "get configmaps -L tier => back", "get configmaps --chunk-size=1 -l own -o name => configmap/a\nconfigmap/b",
            "get configmaps -l own --sort-by=.data.k -o name => configmap/b\nconfigmap/a", "get configmap a -o go-template='{{.metadata.name}} {{.data.k}}' => a 2", "get configmap a -o template --template='{{.data.k}}' => 2", "get configmaps -l own -o jsonpath='{range .items[*]}{.metadata.name}{end}' => ab",
            "get configmap a -o jsonpath-as-json={.data} => \"k\": \"2\"", $"get configmaps -l own -o custom-columns-file={columns} => a      2", "get configmap a -o custom-columns=N:.metadata.name --no-headers => a", "get deployment web -o wide => SELECTOR", "get configmap a -o yaml => kind: ConfigMap",
            "get configmap none --ignore-not-found => ", "get all => deployment.apps/web", $"get --raw /api/v1/namespaces/{ns}/configmaps/a => \"kind\":\"ConfigMap\"", "get configmaps --field-selector=metadata.name=a -o name => configmap/a",
            "explain deployments --recursive => minReadySeconds", "explain hpa.spec --api-version=autoscaling/v1 => targetCPUUtilizationPercentage", "explain crd.spec.versions => storage", "describe configmap a => tier=back", "describe deployment web => StrategyType",
            "api-resources --namespaced=false --verbs=list,get -o name => nodes", "api-resources --api-group=apps -o wide => statefulsets", "get configmaps --server-print=false => a");
        if (v != "1.20") await AtOnceAsync(v, ns, "get deployment web --subresource=scale -o jsonpath={.kind} => Scale", "explain pods.spec.containers --output=plaintext-openapiv2 => imagePullPolicy", "get configmap a -o yaml --show-managed-fields => f:k");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Apply_diff_and_replace_in_every_form(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        var one = await FileAsync("one.yaml", Map(ns, "one", "1"));
        var changed = await FileAsync("changed.yaml", Map(ns, "one", "2"));
        var two = await FileAsync("two.yaml", Map(ns, "two", "1"));
        (await K(v, ns, $"apply -f {one}")).ShouldContain("configmap/one created");
        (await K(v, ns, "apply view-last-applied configmap one")).ShouldContain("a: \"1\"");
        var diff = await cluster.KubectlAsync(v, $"-n {ns} diff -f {changed}");
        (diff.ExitCode, diff.Output.Contains("+  a: \"2\"")).ShouldBe((1, true), diff.Output + diff.Errors);
        (await cluster.KubectlAsync(v, $"-n {ns} diff -f {one}")).ExitCode.ShouldBe(0);
        (await K(v, ns, $"apply set-last-applied -f {changed}")).ShouldContain("configured");
        var edited = await Shell.RunAsync(ClusterFixture.KubectlPath(v), ["-n", ns, "apply", "edit-last-applied", "configmap", "one"], null,
            new Dictionary<string, string> { ["KUBECONFIG"] = cluster.Kubeconfig, ["KUBE_EDITOR"] = "sed -i 's/\"2\"/\"3\"/'" });
        edited.Ok().ShouldContain("edited");
        (await K(v, ns, "apply view-last-applied configmap one -o json")).ShouldContain("\"3\"");
        (await cluster.KubectlAsync(v, $"-n {ns} apply --server-side --field-manager=other -f {changed}")).Errors.ShouldContain("conflict");
        (await K(v, ns, $"apply --server-side --force-conflicts --field-manager=other -f {changed}")).ShouldContain("serverside-applied");
        // The other manager's apply has taken kubectl's annotation away, without which nothing is pruned.
        await K(v, ns, $"apply -f {changed}");
        var allow = v == "1.20" ? "--prune-whitelist" : "--prune-allowlist";
        (await K(v, ns, $"apply --prune -l prune=me {allow}=core/v1/ConfigMap -f {two}")).ShouldContain("configmap/one pruned");
        (await K(v, ns, $"replace -f {two}")).ShouldContain("configmap/two replaced");
        (await K(v, ns, $"replace --force -f {two}")).ShouldContain("configmap/two replaced");
        (await cluster.KubectlAsync(v, $"-n {ns} replace -f {one}")).Errors.ShouldContain("NotFound");
        await FileAsync("kustomization.yaml", "namePrefix: pre-\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n");
        (await K(v, ns, $"kustomize {_folder}")).ShouldContain("name: pre-made-");
        (await K(v, ns, $"apply -k {_folder}")).ShouldContain("created");
        (await K(v, ns, $"delete -k {_folder}")).ShouldContain("deleted");
        if (v == "1.20") return;
        await K(v, ns, $"create deployment web --image={ClusterFixture.Image} --replicas=0");
        (await K(v, ns, "patch deployment web --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":0}}'")).ShouldContain("patched");
        (await cluster.KubectlAsync(v, $"-n {ns} apply --validate=strict -f -", Map(ns, "wrong", "1") + "extra: 1\n")).Errors.ShouldContain("unknown field \"extra\"");
        (await K(v, ns, "events")).ShouldNotBeNull();
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Who_may_what(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        await AtOnceAsync(v, ns, "auth can-i delete nodes => yes", "auth can-i --list => *.*");
        (await cluster.KubectlAsync(v, $"-n {ns} auth can-i get pods --as=system:serviceaccount:{ns}:default")).ShouldBeAnswer(1, "no");
        var role = await FileAsync("role.yaml", $"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: reader, namespace: {ns}}}\nrules: [{{apiGroups: [\"\"], resources: [pods], verbs: [get]}}]\n");
        (await K(v, ns, $"auth reconcile -f {role}")).ShouldContain("reconciled");
        await K(v, ns, $"create rolebinding reader --role=reader --serviceaccount={ns}:default");
        (await K(v, ns, $"auth can-i get pods --as=system:serviceaccount:{ns}:default")).ShouldContain("yes");
        (await cluster.KubectlAsync(v, $"-n {ns} get secrets --as=system:serviceaccount:{ns}:default")).Errors.ShouldContain($"User \"system:serviceaccount:{ns}:default\" cannot list resource \"secrets\" in API group \"\" in the namespace \"{ns}\"");
        if (v != "1.20") (await K(v, ns, "auth whoami")).ShouldContain("kubernetes-admin");

        using var key = System.Security.Cryptography.ECDsa.Create();
        var request = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(new System.Security.Cryptography.X509Certificates.CertificateRequest("O=devs,CN=jane", key, System.Security.Cryptography.HashAlgorithmName.SHA256).CreateSigningRequestPem()));
        foreach (var name in (string[])["yes", "no"])
            (await cluster.KubectlAsync(v, "create -f -", $"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {{name: {ns}-{name}}}\nspec: {{request: {request}, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}}\n")).Ok();
        await AtOnceAsync(v, ns, $"certificate approve {ns}-yes => approved", $"certificate deny {ns}-no => denied");
        await cluster.EventuallyAsync(v, $"get csr {ns}-yes -o jsonpath={{.status.certificate}}", o => o.Length > 0);
        (await K(v, ns, $"get csr {ns}-no")).ShouldContain("Denied");
        await K(v, ns, $"delete csr {ns}-yes {ns}-no");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Cluster_and_configuration(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        var config = Path.Combine(_folder, "config");
        File.Copy(cluster.Kubeconfig, config);
        await AtOnceAsync(v, ns, "cluster-info => is running at", $"cluster-info dump --namespaces {ns} => \"kind\": \"NodeList\"", "completion bash => kubectl", "completion zsh => kubectl", "options => --as", "version => v1.32", "api-versions => apps/v1", "config view --minify => certificate-authority-data: DATA",
            "config current-context => orchestrator");
        (await cluster.KubectlAsync(v, "plugin list")).Errors.ShouldContain("unable to find any kubectl plugins");
        (await cluster.KubectlAsync(v, "top nodes")).Errors.ShouldContain("Metrics API not available");
        // Debian's 1.20 panics in set-credentials before it has asked anybody anything.
        foreach (var line in (string[])["set-cluster two --server=https://two.example", v == "1.20" ? "set users.jane.token t" : "set-credentials jane --token=t", "set-context two --cluster=two --user=jane", "use-context two", "get-contexts => two", "get-clusters => two", "rename-context two three", "set clusters.two.server https://three.example", "unset users.jane",
            "use-context orchestrator", "delete-context three", "delete-cluster two", .. v == "1.20" ? [] : (string[])["get-users => orchestrator", "delete-user orchestrator"]])
        {
            var (command, expected) = Parted(line);
            (await cluster.KubectlAsync(v, $"config {command} --kubeconfig={config}")).Ok().ShouldContain(expected);
        }
        (await K(v, ns, "taint node node-1 k=v:PreferNoSchedule")).ShouldContain("tainted");
        (await K(v, ns, "taint node node-1 k-")).ShouldContain("untainted");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Running_pods_are_reached_in_every_way(string v)
    {
        var ns = await cluster.NamespaceAsync(v);
        (await cluster.KubectlAsync(v, "apply -f -", Manifests.Web(ns, 1))).Ok();
        await K(v, ns, $"run sleeper --image={ClusterFixture.Image} --image-pull-policy=IfNotPresent --restart=Never --labels=app=sleeper --command -- sleep 1000");
        await AtOnceAsync(v, ns, "wait --for=condition=Ready pod/sleeper --timeout=60s => condition met", "wait --for=condition=Available deployment/web --timeout=90s => condition met");
        var file = await FileAsync("file.txt", "content");
        await K(v, ns, $"cp {file} sleeper:/tmp/file.txt");
        (await K(v, ns, "exec sleeper -- cat /tmp/file.txt")).ShouldBe("content");
        await K(v, ns, $"cp sleeper:/tmp/file.txt {_folder}/back.txt");
        (await File.ReadAllTextAsync(Path.Combine(_folder, "back.txt"))).ShouldBe("content");
        await AtOnceAsync(v, ns, "logs deployment/web => started blue", "logs -l app=web --prefix => started blue", "exec deployment/web -- hostname => web-", "describe pod sleeper => Scheduled");
        await Task.WhenAll(ForwardsAsync(v, ns), ProxiesAsync(v, ns), DebugsAsync(v, ns));
        if (v != "1.20") await AtOnceAsync(v, ns, "wait --for=jsonpath='{.status.phase}'=Running pod/sleeper --timeout=30s => condition met", "events --for=pod/sleeper => Scheduled", "events --types=Normal => Scheduled");
        var waiting = cluster.KubectlAsync(v, $"-n {ns} wait --for=delete pod/sleeper --timeout=60s");
        (await K(v, ns, "delete pod sleeper --grace-period=1")).ShouldContain("deleted");
        // Where the pod has gone before the wait began, 1.20 says so.
        (await waiting).Errors.ShouldBeOneOf("", "Error from server (NotFound): pods \"sleeper\" not found\n", "error: no matching resources found\n");
        (await K(v, ns, "delete all --all --wait=false")).ShouldContain("deployment.apps \"web\" deleted");
    }

    private async Task ForwardsAsync(string v, string ns)
    {
        using var forward = cluster.StartKubectl(v, $"-n {ns} port-forward deployment/web :8080");
        try
        {
            // Forwarding from 127.0.0.1:40123 -> 8080
            var line = await forward.StandardOutput.ReadLineAsync().WaitAsync(Patience, TimeProvider.System);
            var port = line.ShouldNotBeNull().Split("127.0.0.1:")[1].Split(' ')[0];
            using var client = new HttpClient();
            (await client.GetStringAsync($"http://127.0.0.1:{port}/")).ShouldBe("hello\n");
        }
        finally
        {
            forward.Kill();
        }
    }

    private async Task ProxiesAsync(string v, string ns)
    {
        using var proxy = cluster.StartKubectl(v, "proxy --port=0");
        try
        {
            var line = await proxy.StandardOutput.ReadLineAsync().WaitAsync(Patience, TimeProvider.System);
            using var client = new HttpClient { BaseAddress = new Uri($"http://{line.ShouldNotBeNull().Split("Starting to serve on ")[1]}") };
            JsonNode.Parse(await client.GetStringAsync($"/api/v1/namespaces/{ns}/pods"))!["kind"]!.GetValue<string>().ShouldBe("PodList");
            var pod = await K(v, ns, "get pods -l app=web -o jsonpath={.items[0].metadata.name}");
            (await client.GetStringAsync($"/api/v1/namespaces/{ns}/pods/{pod}:8080/proxy/")).ShouldBe("hello\n");
        }
        finally
        {
            proxy.Kill();
        }
    }

    private async Task DebugsAsync(string v, string ns)
    {
        // What 1.20 adds to a running pod is a kind that later servers do not have any more; it still copies pods.
        if (v != "1.20")
        {
            await K(v, ns, $"debug sleeper --image={ClusterFixture.Image} --image-pull-policy=IfNotPresent -c debugger -- sh -c 'echo debugging'");
            (await K(v, ns, "get pod sleeper -o jsonpath={.spec.ephemeralContainers[*].name}")).ShouldBe("debugger");
            await cluster.EventuallyAsync(v, $"-n {ns} logs sleeper -c debugger", o => o == "debugging\n");
        }
        await K(v, ns, $"debug sleeper --copy-to=copy --image={ClusterFixture.Image} --image-pull-policy=IfNotPresent --share-processes -c debugger -- sleep 1000");
        (await K(v, ns, "get pod copy -o jsonpath={.spec.containers[*].name}/{.spec.shareProcessNamespace}")).ShouldBe("sleeper debugger/true");
    }

    /// <summary>Each <c>command => what its output holds</c>, all at once.</summary>
    private Task AtOnceAsync(string v, string ns, params string[] lines) => Task.WhenAll(lines.Select(async line =>
    {
        var (command, expected) = Parted(line);
        (await K(v, ns, command)).ShouldContain(expected, Case.Sensitive, command);
    }));

    private static (string Command, string Expected) Parted(string line) => line.Split(" => ") is [var command, var expected] ? (command, expected) : (line.TrimEnd(), "");

    private async Task<string> K(string v, string ns, string command) => (await cluster.KubectlAsync(v, $"-n {ns} {command}")).Ok();

    private static string Map(string ns, string name, string value) => $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {ns}, labels: {{prune: me}}}}\ndata: {{a: \"{value}\"}}\n";

    private async Task<string> FileAsync(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    private async Task<(string Certificate, string Key)> CertificateAsync()
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=x", key, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddDays(1));
        return (await FileAsync("cert.pem", certificate.ExportCertificatePem()), await FileAsync("key.pem", key.ExportPkcs8PrivateKeyPem()));
    }
}
