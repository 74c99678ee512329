using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.GarbageCollection;

public sealed class GarbageCollectorTests : IAsyncLifetime
{
    private ControlPlaneHarness _plane = null!;

    public async Task InitializeAsync() => _plane = await ControlPlaneHarness.StartAsync();

    public async Task DisposeAsync() => await _plane.DisposeAsync();

    [Fact]
    public async Task A_dependent_with_another_live_owner_only_loses_the_dead_reference()
    {
        var (first, second) = (await Create("first"), await Create("second"));
        await Create("child", first, second);
        await _plane.DeleteAsync(Key("first"));
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Key("child"))!.Header.Owners.Count == 1);
        _plane.Cache.Get(Key("child"))!.Header.Owners.Single().Uid.ShouldBe(second.Uid);
        await _plane.DeleteAsync(Key("second"));
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Key("child")) is null);
    }

    [Fact]
    public async Task An_owner_of_the_same_name_but_another_uid_is_no_owner()
    {
        await Create("owner");
        await Create("child", ("owner", "00000000-0000-0000-0000-000000000000"));
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Key("child")) is null);
        _plane.Cache.Get(Key("owner")).ShouldNotBeNull();
    }

    [Fact]
    public async Task Chains_go_leaf_by_leaf_in_the_foreground()
    {
        var root = await Create("root");
        var middle = await Create("middle", root);
        await Create("leaf", middle);
        List<string> order = [];
        using (_plane.Cache.Subscribe(changes => order.AddRange(changes.Where(c => c.Type == Orchestrator.Actors.Caching.ChangeType.Deleted && c.Entry.Key.Resource == "configmaps").Select(c => c.Entry.Name))))
        {
            await _plane.DeleteAsync(Key("root"), "Foreground");
            await _plane.EventuallyAsync(() => _plane.Cache.Get(Key("root")) is null);
        }
        order.ShouldBe(["leaf", "middle", "root"]);
    }

    [Fact]
    public async Task A_circle_of_owners_goes_as_a_whole_in_the_foreground()
    {
        var first = await Create("first");
        var second = await Create("second", first);
        var third = await Create("third", second);
        await Create("beside", third);
        (await _plane.PatchAsync(Key("first"), $$$"""{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"third","uid":"{{{third.Uid}}}","blockOwnerDeletion":true}]}}""")).ShouldBeOfType<ResourceWritten>();
        await _plane.DeleteAsync(Key("first"), "Foreground");
        await _plane.EventuallyAsync(() => ((string[])["first", "second", "third", "beside"]).All(name => _plane.Cache.Get(Key(name)) is null));
    }

    [Fact]
    public async Task What_became_garbage_while_nobody_collected_goes_at_the_next_start()
    {
        var owner = await Create("owner");
        for (var i = 0; i < 20; i++) await Create($"child-{i}", owner);
        var journal = _plane.Journal;
        // Stopped right after the owner's deletion is durable: the collector may have done anything between nothing and all of it.
        await _plane.DeleteAsync(Key("owner"));
        await _plane.DisposeAsync();
        _plane = await ControlPlaneHarness.StartAsync(journal);
        await _plane.EventuallyAsync(() => !_plane.Cache.List("configmaps", "default").Any(e => e.Name.StartsWith("child-", StringComparison.Ordinal)));
    }

    private static ResourceKey Key(string name) => new("configmaps", "default", name);

    private async Task<(string Name, string Uid)> Create(string name, params (string Name, string Uid)[] owners)
    {
        var references = string.Join(',', owners.Select(o => $$"""{"apiVersion":"v1","kind":"ConfigMap","name":"{{o.Name}}","uid":"{{o.Uid}}","blockOwnerDeletion":true}"""));
        (await _plane.CreateAsync("configmaps", $$$$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{{{name}}}}}","ownerReferences":[{{{{{references}}}}}]}}""")).ShouldBeOfType<ResourceWritten>();
        return (name, _plane.Cache.Get(Key(name))?.Uid ?? "");
    }
}
