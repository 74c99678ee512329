using System.Net;
using System.Text;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.LeaderElection;
using k8s.LeaderElection.ResourceLock;
using k8s.Models;
using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>The official .NET client (<c>KubernetesClient</c>), which .NET teams use: typed APIs, every type of patch, paging, watches, logs, exec, port-forward, custom objects, tokens, leader election.</summary>
[Collection(nameof(ClusterCollection))]
[Trait("Needs", "docker")]
public sealed class DotNetClientTests(ClusterFixture cluster) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Kubernetes _client = new(KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.Kubeconfig));
    private readonly CancellationTokenSource _late = new(Patience);

    private CancellationToken Cancel => _late.Token;

    public void Dispose()
    {
        _client.Dispose();
        _late.Dispose();
    }

    [Fact]
    public async Task Objects_are_written_patched_and_deleted()
    {
        var ns = await NamespaceAsync();
        var made = await _client.CoreV1.CreateNamespacedConfigMapAsync(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "a" },
            Data = new Dictionary<string, string> { ["x"] = "1" },
            BinaryData = new Dictionary<string, byte[]> { ["b"] = [0, 1, 255] },
        }, ns, cancellationToken: Cancel);
        made.Data["y"] = "2";
        await _client.CoreV1.ReplaceNamespacedConfigMapAsync(made, "a", ns, cancellationToken: Cancel);
        await RefusedAsync(HttpStatusCode.Conflict, "Conflict", _client.CoreV1.ReplaceNamespacedConfigMapAsync(made, "a", ns, cancellationToken: Cancel));

        (await PatchAsync("""[{"op":"remove","path":"/data/x"}]""", V1Patch.PatchType.JsonPatch)).Data.Keys.ShouldBe(["y"]);
        (await PatchAsync("""{"data":{"z":"3"}}""", V1Patch.PatchType.MergePatch)).Data.Keys.ShouldBe(["y", "z"], ignoreOrder: true);
        (await PatchAsync("""{"data":{"y":null}}""", V1Patch.PatchType.StrategicMergePatch)).Data.Keys.ShouldBe(["z"]);
        var applied = await _client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"w":"4"}}""", V1Patch.PatchType.ApplyPatch), "a", ns, fieldManager: "dotnet", cancellationToken: Cancel);
        applied.Metadata.ManagedFields.ShouldContain(m => m.Manager == "dotnet" && m.Operation == "Apply");
        (await _client.CoreV1.ReadNamespacedConfigMapAsync("a", ns, cancellationToken: Cancel)).BinaryData["b"].ShouldBe([0, 1, 255]);

        await _client.CoreV1.CreateNamespacedConfigMapAsync(new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "dry" } }, ns, dryRun: "All", cancellationToken: Cancel);
        await RefusedAsync(HttpStatusCode.NotFound, "NotFound", _client.CoreV1.ReadNamespacedConfigMapAsync("dry", ns, cancellationToken: Cancel));
        await _client.CoreV1.DeleteNamespacedConfigMapAsync("a", ns, cancellationToken: Cancel);
        await RefusedAsync(HttpStatusCode.NotFound, "NotFound", _client.CoreV1.ReadNamespacedConfigMapAsync("a", ns, cancellationToken: Cancel));

        Task<V1ConfigMap> PatchAsync(string patch, V1Patch.PatchType type) => _client.CoreV1.PatchNamespacedConfigMapAsync(new V1Patch(patch, type), "a", ns, cancellationToken: Cancel);
    }

    [Fact]
    public async Task Lists_come_in_pages_and_collections_are_deleted()
    {
        var ns = await NamespaceAsync();
        for (var i = 0; i < 7; i++)
        {
            var metadata = new V1ObjectMeta { Name = $"s{i}", Labels = new Dictionary<string, string> { ["odd"] = $"{i % 2}" } };
            await _client.CoreV1.CreateNamespacedSecretAsync(new V1Secret { Metadata = metadata, StringData = new Dictionary<string, string> { ["k"] = "v" } }, ns, cancellationToken: Cancel);
        }
        var (names, next) = (new List<string>(), (string?)null);
        do
        {
            var page = await _client.CoreV1.ListNamespacedSecretAsync(ns, limit: 3, continueParameter: next, labelSelector: "odd in (0,1)", cancellationToken: Cancel);
            page.Items.Count.ShouldBeLessThanOrEqualTo(3);
            names.AddRange(page.Items.Select(s => s.Metadata.Name));
            next = page.Metadata.ContinueProperty;
        }
        while (!string.IsNullOrEmpty(next));
        names.ShouldBe(["s0", "s1", "s2", "s3", "s4", "s5", "s6"]);
        await _client.CoreV1.DeleteCollectionNamespacedSecretAsync(ns, labelSelector: "odd=0", cancellationToken: Cancel);
        (await _client.CoreV1.ListNamespacedSecretAsync(ns, labelSelector: "odd", cancellationToken: Cancel)).Items.Select(s => s.Metadata.Name).ShouldBe(["s1", "s3", "s5"]);
    }

    [Fact]
    public async Task A_watch_tells_every_change()
    {
        var ns = await NamespaceAsync();
        var version = (await _client.CoreV1.ListNamespacedConfigMapAsync(ns, cancellationToken: Cancel)).Metadata.ResourceVersion;
        var made = await _client.CoreV1.CreateNamespacedConfigMapAsync(new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "w", Labels = new Dictionary<string, string> { ["w"] = "1" } } }, ns, cancellationToken: Cancel);
        made.Data = new Dictionary<string, string> { ["a"] = "b" };
        await _client.CoreV1.ReplaceNamespacedConfigMapAsync(made, "w", ns, cancellationToken: Cancel);
        await _client.CoreV1.DeleteNamespacedConfigMapAsync("w", ns, cancellationToken: Cancel);
        var seen = new List<WatchEventType>();
        await foreach (var (type, _) in _client.CoreV1.WatchListNamespacedConfigMapAsync(ns, labelSelector: "w=1", resourceVersion: version, cancellationToken: Cancel))
        {
            seen.Add(type);
            if (type == WatchEventType.Deleted) break;
        }
        seen.ShouldBe([WatchEventType.Added, WatchEventType.Modified, WatchEventType.Deleted]);
    }

    [Fact]
    public async Task A_deployment_runs_and_its_pods_are_reached()
    {
        var ns = await NamespaceAsync();
        await _client.AppsV1.CreateNamespacedDeploymentAsync(Web(replicas: 2), ns, cancellationToken: Cancel);
        await foreach (var (_, deployment) in _client.AppsV1.WatchListNamespacedDeploymentAsync(ns, cancellationToken: Cancel))
            if (deployment.Status.ReadyReplicas == 2) break;
        var pods = await _client.CoreV1.ListNamespacedPodAsync(ns, fieldSelector: "status.phase=Running", labelSelector: "app=web", cancellationToken: Cancel);
        pods.Items.Count.ShouldBe(2);
        var pod = pods.Items[0].Metadata.Name;
        pods.Items[0].Spec.Containers[0].Resources.Requests["cpu"].ToString().ShouldBe("10m");

        using var log = new StreamReader(await _client.CoreV1.ReadNamespacedPodLogAsync(pod, ns, follow: true, cancellationToken: Cancel));
        (await log.ReadLineAsync(Cancel)).ShouldBe("hello");
        var output = "";
        var exit = await _client.NamespacedPodExecAsync(pod, ns, "main", ["sh", "-c", "echo out; exit 3"], false,
            async (_, stdout, _) => output = await new StreamReader(stdout).ReadToEndAsync(Cancel), Cancel);
        (output, exit).ShouldBe(("out\n", 3));
        (await ForwardAsync(ns, pod)).ShouldEndWith("hi");
        using var proxied = new StreamReader(await _client.CoreV1.ConnectGetNamespacedPodProxyWithPathAsync($"{pod}:8080", ns, "x", cancellationToken: Cancel));
        (await proxied.ReadToEndAsync(Cancel)).ShouldBe("hi");

        await _client.CoreV1.CreateNamespacedPodEvictionAsync(new V1Eviction { Metadata = new V1ObjectMeta { Name = pod, NamespaceProperty = ns } }, pod, ns, cancellationToken: Cancel);
        var scale = await _client.AppsV1.PatchNamespacedDeploymentScaleAsync(new V1Patch("""{"spec":{"replicas":1}}""", V1Patch.PatchType.MergePatch), "web", ns, cancellationToken: Cancel);
        scale.Spec.Replicas.ShouldBe(1);
        await _client.AppsV1.DeleteNamespacedDeploymentAsync("web", ns, propagationPolicy: "Foreground", cancellationToken: Cancel);
        await GoneAsync(() => _client.AppsV1.ReadNamespacedDeploymentAsync("web", ns, cancellationToken: Cancel));
        (await _client.CoreV1.ListNamespacedPodAsync(ns, labelSelector: "app=web", cancellationToken: Cancel)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task Custom_objects_are_served_as_soon_as_they_are_defined()
    {
        var ns = await NamespaceAsync();
        var group = $"{ns}.example.com";
        var spec = new V1JSONSchemaProps { Type = "object", Properties = new Dictionary<string, V1JSONSchemaProps> { ["size"] = new() { Type = "integer", Minimum = 1 } } };
        var schema = new V1JSONSchemaProps { Type = "object", Properties = new Dictionary<string, V1JSONSchemaProps> { ["spec"] = spec, ["status"] = new() { Type = "object", XKubernetesPreserveUnknownFields = true } } };
        await _client.ApiextensionsV1.CreateCustomResourceDefinitionAsync(new V1CustomResourceDefinition
        {
            Metadata = new V1ObjectMeta { Name = $"widgets.{group}" },
            Spec = new V1CustomResourceDefinitionSpec
            {
                Group = group,
                Scope = "Namespaced",
                Names = new V1CustomResourceDefinitionNames { Plural = "widgets", Singular = "widget", Kind = "Widget", ListKind = "WidgetList" },
                Versions = [new() { Name = "v1", Served = true, Storage = true, Schema = new V1CustomResourceValidation { OpenAPIV3Schema = schema }, Subresources = new V1CustomResourceSubresources { Status = new object() } }],
            },
        }, cancellationToken: Cancel);
        await foreach (var (_, definition) in _client.ApiextensionsV1.WatchListCustomResourceDefinitionAsync(fieldSelector: $"metadata.name=widgets.{group}", cancellationToken: Cancel))
            if (definition.Status?.Conditions?.Any(c => c is { Type: "Established", Status: "True" }) == true) break;

        await _client.CustomObjects.CreateNamespacedCustomObjectAsync(
            new Dictionary<string, object> { ["apiVersion"] = $"{group}/v1", ["kind"] = "Widget", ["metadata"] = new { name = "w" }, ["spec"] = new { size = 2 } }, group, "v1", ns, "widgets", cancellationToken: Cancel);
        await RefusedAsync(HttpStatusCode.UnprocessableEntity, "Invalid",
            _client.CustomObjects.PatchNamespacedCustomObjectAsync(new V1Patch("""{"spec":{"size":0}}""", V1Patch.PatchType.MergePatch), group, "v1", ns, "widgets", "w", cancellationToken: Cancel));
        await _client.CustomObjects.PatchNamespacedCustomObjectStatusAsync(new V1Patch("""{"status":{"ok":true}}""", V1Patch.PatchType.MergePatch), group, "v1", ns, "widgets", "w", cancellationToken: Cancel);
        JsonSerializer.Serialize(await _client.CustomObjects.ListNamespacedCustomObjectAsync(group, "v1", ns, "widgets", cancellationToken: Cancel)).ShouldContain("\"status\":{\"ok\":true}");
        await _client.ApiextensionsV1.DeleteCustomResourceDefinitionAsync($"widgets.{group}", cancellationToken: Cancel);
    }

    [Fact]
    public async Task Tokens_reviews_and_leases_work()
    {
        var ns = await NamespaceAsync();
        var review = await _client.AuthorizationV1.CreateSelfSubjectAccessReviewAsync(
            new V1SelfSubjectAccessReview { Spec = new V1SelfSubjectAccessReviewSpec { ResourceAttributes = new V1ResourceAttributes { Verb = "get", Resource = "pods" } } }, cancellationToken: Cancel);
        review.Status.Allowed.ShouldBeTrue();
        var token = await _client.CoreV1.CreateNamespacedServiceAccountTokenAsync(new Authenticationv1TokenRequest { Spec = new V1TokenRequestSpec { Audiences = [], ExpirationSeconds = 600 } }, "default", ns, cancellationToken: Cancel);
        using var account = new Kubernetes(new KubernetesClientConfiguration { Host = _client.BaseUri.ToString(), AccessToken = token.Status.Token, SkipTlsVerify = true });
        await RefusedAsync(HttpStatusCode.Forbidden, "Forbidden", account.CoreV1.ListNamespacedPodAsync(ns, cancellationToken: Cancel));

        var election = new LeaderElector(new LeaderElectionConfig(new LeaseLock(_client, ns, "leader", "me")));
        var leading = new TaskCompletionSource();
        election.OnStartedLeading += () => leading.TrySetResult();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var running = election.RunUntilLeadershipLostAsync(stop.Token);
        await leading.Task.WaitAsync(Cancel);
        (await _client.CoordinationV1.ReadNamespacedLeaseAsync("leader", ns, cancellationToken: Cancel)).Spec.HolderIdentity.ShouldBe("me");
        await stop.CancelAsync();
        await running.WaitAsync(Cancel).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    private static V1Deployment Web(int replicas)
    {
        var labels = new Dictionary<string, string> { ["app"] = "web" };
        var main = new V1Container
        {
            Name = "main",
            Image = ClusterFixture.Image,
            Command = ["sh", "-c", "echo hello; mkdir -p /www; printf hi > /www/x; exec httpd -f -p 8080 -h /www"],
            ReadinessProbe = new V1Probe { HttpGet = new V1HTTPGetAction { Path = "/x", Port = 8080 }, PeriodSeconds = 1 },
            Ports = [new V1ContainerPort { ContainerPort = 8080 }],
            Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("10m") } },
        };
        return new V1Deployment
        {
            Metadata = new V1ObjectMeta { Name = "web" },
            Spec = new V1DeploymentSpec
            {
                Replicas = replicas,
                Selector = new V1LabelSelector { MatchLabels = labels },
                Template = new V1PodTemplateSpec { Metadata = new V1ObjectMeta { Labels = labels }, Spec = new V1PodSpec { TerminationGracePeriodSeconds = 0, Containers = [main] } },
            },
        };
    }

    private async Task<string> NamespaceAsync()
    {
        var made = await _client.CoreV1.CreateNamespaceAsync(new V1Namespace { Metadata = new V1ObjectMeta { GenerateName = "dotnet-" } }, cancellationToken: Cancel);
        return made.Metadata.Name;
    }

    /// <summary>One HTTP request through a port-forward.</summary>
    private async Task<string> ForwardAsync(string ns, string pod)
    {
        using var socket = await _client.WebSocketNamespacedPodPortForwardAsync(pod, ns, [8080], "v4.channel.k8s.io", cancellationToken: Cancel);
        using var demuxer = new StreamDemuxer(socket, StreamType.PortForward);
        demuxer.Start();
        using var stream = demuxer.GetStream((byte?)0, (byte?)0);
        await stream.WriteAsync("GET /x HTTP/1.0\r\n\r\n"u8.ToArray(), Cancel);
        var (answer, buffer) = (new StringBuilder(), new byte[1000]);
        while (await stream.ReadAsync(buffer, Cancel) is var read and > 0) answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        return answer.ToString();
    }

    private async Task GoneAsync(Func<Task> read)
    {
        try
        {
            while (true) await read();
        }
        catch (HttpOperationException refused) when (refused.Response.StatusCode == HttpStatusCode.NotFound)
        {
            // What is waited for.
        }
    }

    private static async Task RefusedAsync(HttpStatusCode code, string reason, Task call)
    {
        var refused = await Should.ThrowAsync<HttpOperationException>(call);
        refused.Response.StatusCode.ShouldBe(code);
        JsonSerializer.Deserialize<V1Status>(refused.Response.Content)!.Reason.ShouldBe(reason);
    }
}
