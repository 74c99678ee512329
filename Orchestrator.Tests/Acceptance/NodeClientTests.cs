using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>A program on <c>@kubernetes/client-node</c> (Clients/node): typed APIs, the object API, every type of patch, watches, an informer, exec, attach, port-forward, copies and logs.</summary>
[Collection(nameof(ClusterCollection))]
[Trait("Needs", "docker")]
public sealed class NodeClientTests(ClusterFixture cluster)
{
    [Fact]
    public async Task Its_typed_apis_informers_patches_and_streams_work()
    {
        var folder = Path.Combine(ClusterFixture.Tree, "Orchestrator.Tests", "Clients", "node");
        Directory.Exists(Path.Combine(folder, "node_modules")).ShouldBeTrue($"the client is not installed: run ./test, or 'npm ci' in {folder}");
        var ns = await cluster.NamespaceAsync("1.32");
        var run = await Shell.RunAsync("node", [Path.Combine(folder, "client.mjs"), ns, ClusterFixture.Image], environment: new Dictionary<string, string> { ["KUBECONFIG"] = cluster.Kubeconfig });
        run.Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(11, run.Output);
    }
}
