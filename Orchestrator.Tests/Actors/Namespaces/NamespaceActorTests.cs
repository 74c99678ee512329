using System.Text.Json.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Namespaces;

public sealed class NamespaceActorTests : IAsyncLifetime
{
    private static readonly ResourceKey Team = new("namespaces", "", "team");
    private static readonly ResourceKey Account = new("serviceaccounts", "team", "default");
    private static readonly ResourceKey RootCa = new("configmaps", "team", "kube-root-ca.crt");

    private ControlPlaneHarness _plane = null!;

    public async Task InitializeAsync()
    {
        _plane = await ControlPlaneHarness.StartAsync();
        await _plane.CreateAsync("namespaces", """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team"}}""", "");
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Account) is not null && _plane.Cache.Get(RootCa) is not null);
    }

    public async Task DisposeAsync() => await _plane.DisposeAsync();

    [Fact]
    public async Task A_namespace_gets_its_account_and_the_cluster_CA_again_when_they_are_removed()
    {
        var account = _plane.Cache.Get(Account)!.Uid;
        await _plane.DeleteAsync(Account);
        await _plane.DeleteAsync(RootCa);
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Account) is { } again && again.Uid != account && _plane.Cache.Get(RootCa) is not null);
    }

    [Fact]
    public async Task Deleting_a_namespace_removes_what_is_in_it_and_then_itself()
    {
        await _plane.CreateAsync("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}""", "team");
        await _plane.CreateAsync("secrets", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}""", "team");
        await _plane.DeleteAsync(Team);
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Team) is null);
        _plane.Cache.Resources.SelectMany(r => _plane.Cache.List(r, "team")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_namespace_waits_for_finalizers_in_it_and_says_for_which()
    {
        await _plane.CreateAsync("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"kept","finalizers":["example.com/keep"]}}""", "team");
        await _plane.DeleteAsync(Team);
        await _plane.EventuallyAsync(() => Message("NamespaceFinalizersRemaining") == "Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances"
            && Message("NamespaceContentRemaining") == "Some resources are remaining: configmaps. has 1 resource instances");
        Should.Throw<Orchestrator.Resources.Errors.StatusException>(() => _plane.CreateAsync("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"late"}}""", "team").GetAwaiter().GetResult())
            .Message.ShouldContain("because it is being terminated");
        await _plane.PatchAsync(new ResourceKey("configmaps", "team", "kept"), """{"metadata":{"finalizers":null}}""");
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Team) is null);
    }

    private string? Message(string type) =>
        (string?)(_plane.Cache.Get(Team)?.ToJsonObject()["status"]?["conditions"] as JsonArray ?? []).FirstOrDefault(c => (string?)c?["type"] == type)?["message"];
}
