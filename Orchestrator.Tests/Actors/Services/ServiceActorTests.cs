using System.Text;
using Orchestrator.Actors.Caching;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Discovery.V1;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;
using Xunit;
using CoreEndpoints = Orchestrator.Resources.Types.Core.V1.Endpoints;

namespace Orchestrator.Tests.Actors.Services;

/// <summary>A Service's actor keeps its endpoints, on a whole control plane in memory.</summary>
public sealed class ServiceActorTests : IAsyncLifetime
{
    private static readonly ResourceKey Service = new("services", "default", "web");
    private ControlPlaneHarness _plane = null!;

    public async Task InitializeAsync()
    {
        _plane = await ControlPlaneHarness.StartAsync();
        await _plane.EventuallyAsync(() => _plane.Cache.Get(new ResourceKey("serviceaccounts", "default", "default")) is not null);
    }

    public async Task DisposeAsync() => await _plane.DisposeAsync();

    [Fact]
    public async Task Pods_come_into_the_endpoints_and_go_with_their_labels_their_readiness_and_themselves()
    {
        await CreateService("""{"app":"web"}""");
        await _plane.EventuallyAsync(() => Endpoints() is { Subsets: null } && Slices() is [{ Endpoints: null or [] }]);
        var one = await CreatePod("one", "10.0.0.1");
        await CreatePod("two", "10.0.0.2");
        await _plane.EventuallyAsync(() => Ready() == "10.0.0.1 10.0.0.2" && ReadyInSlices() == "10.0.0.1 10.0.0.2");
        await Status(one, "10.0.0.1", ready: false);
        await _plane.EventuallyAsync(() => Ready() == "10.0.0.2" && Endpoints()!.Subsets!.Single().NotReadyAddresses!.Single().IP == "10.0.0.1" && ReadyInSlices() == "10.0.0.2");
        await Status(one, "10.0.0.1", ready: true);
        await _plane.EventuallyAsync(() => Ready() == "10.0.0.1 10.0.0.2");
        await _plane.PatchAsync(one, """{"metadata":{"labels":{"app":"other"}}}""");
        await _plane.EventuallyAsync(() => Ready() == "10.0.0.2" && ReadyInSlices() == "10.0.0.2");
        await _plane.PatchAsync(Service, """{"spec":{"selector":{"app":"other"}}}""");
        await _plane.EventuallyAsync(() => Ready() == "10.0.0.1" && ReadyInSlices() == "10.0.0.1");
        Slices().Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_somebody_changes_or_deletes_of_them_is_made_good()
    {
        await CreateService("""{"app":"web"}""");
        await CreatePod("one", "10.0.0.1");
        // The slice without ports, of before there was a pod, goes after the one that has them has come.
        await _plane.EventuallyAsync(() => Ready() == "10.0.0.1" && ReadyInSlices() == "10.0.0.1" && Slices().Count == 1);
        await _plane.PatchAsync(Service with { Resource = "endpoints" }, """{"subsets":null}""");
        await _plane.DeleteAsync(SliceEntries().Single().Key);
        await _plane.EventuallyAsync(() => Ready() == "10.0.0.1" && ReadyInSlices() == "10.0.0.1");
        await _plane.DeleteAsync(Service with { Resource = "endpoints" });
        await _plane.EventuallyAsync(() => Ready() == "10.0.0.1");
    }

    [Fact]
    public async Task With_the_service_everything_that_was_made_for_it_goes()
    {
        await CreateService("""{"app":"web"}""");
        await CreatePod("one", "10.0.0.1");
        await _plane.EventuallyAsync(() => Ready() == "10.0.0.1" && ReadyInSlices() == "10.0.0.1");
        (await _plane.DeleteAsync(Service)).ShouldBeOfType<ResourceWritten>();
        await _plane.EventuallyAsync(() => Endpoints() is null && Slices().Count == 0);
    }

    [Fact]
    public async Task In_the_foreground_a_service_goes_after_its_slices()
    {
        await CreateService("""{"app":"web"}""");
        await CreatePod("one", "10.0.0.1");
        await _plane.EventuallyAsync(() => ReadyInSlices() == "10.0.0.1");
        await _plane.DeleteAsync(Service, "Foreground");
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Service) is null && Endpoints() is null && Slices().Count == 0);
    }

    [Fact]
    public async Task Endpoints_of_no_service_are_their_writers_own()
    {
        (await _plane.CreateAsync("endpoints", Written)).ShouldBeOfType<ResourceWritten>();
        // A Service of another name comes and goes: its loop has run when its Endpoints are gone, and so has everything before it.
        await CreateService("""{"app":"web"}""", "other");
        await _plane.EventuallyAsync(() => _plane.Cache.Get(new ResourceKey("endpoints", "default", "other")) is not null);
        await _plane.DeleteAsync(Service with { Name = "other" });
        await _plane.EventuallyAsync(() => _plane.Cache.Get(new ResourceKey("endpoints", "default", "other")) is null);
        (Ready(), Slices().Count).ShouldBe(("192.0.2.1", 0));
    }

    [Fact]
    public async Task Written_endpoints_of_a_service_without_selector_are_mirrored_until_they_go()
    {
        await CreateService("{}");
        (await _plane.CreateAsync("endpoints", Written)).ShouldBeOfType<ResourceWritten>();
        await _plane.EventuallyAsync(() => ReadyInSlices() == "192.0.2.1");
        await _plane.PatchAsync(Service with { Resource = "endpoints" }, """{"subsets":[{"addresses":[{"ip":"192.0.2.9"}],"ports":[{"port":80}]}]}""");
        await _plane.EventuallyAsync(() => ReadyInSlices() == "192.0.2.9" && Slices().Count == 1);
        await _plane.DeleteAsync(Service with { Resource = "endpoints" });
        await _plane.EventuallyAsync(() => Slices().Count == 0);
    }

    private const string Written = """{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"web"},"subsets":[{"addresses":[{"ip":"192.0.2.1"}],"ports":[{"port":80}]}]}""";

    private async Task CreateService(string selector, string name = "web") =>
        (await _plane.CreateAsync("services", $$$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"{{{name}}}"},"spec":{"selector":{{{selector}}},"ports":[{"port":80}]}}""")).ShouldBeOfType<ResourceWritten>();

    private async Task<ResourceKey> CreatePod(string name, string ip)
    {
        (await _plane.CreateAsync("pods", $$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"app:1"}]}}
            """)).ShouldBeOfType<ResourceWritten>();
        var key = new ResourceKey("pods", "default", name);
        await Status(key, ip, ready: true);
        return key;
    }

    private async Task Status(ResourceKey pod, string ip, bool ready) =>
        (await _plane.Plane.Client.SendAsync(new PatchResource(pod, "v1", ControlPlaneHarness.User, PatchType.Merge, Encoding.UTF8.GetBytes(
            $$$"""{"status":{"podIP":"{{{ip}}}","podIPs":[{"ip":"{{{ip}}}"}],"conditions":[{"type":"Ready","status":"{{{(ready ? "True" : "False")}}}"}]}}"""), "status", false))).ShouldBeOfType<ResourceWritten>();

    private CoreEndpoints? Endpoints() => _plane.Cache.Get(Service with { Resource = "endpoints" })?.Read<CoreEndpoints>();

    private string Ready() => string.Join(' ', (Endpoints()?.Subsets ?? []).SelectMany(s => s.Addresses ?? []).Select(a => a.IP));

    private List<ResourceEntry> SliceEntries() => [.. _plane.Cache.List("endpointslices.discovery.k8s.io", "default").Where(e => e.Labels.GetValueOrDefault("kubernetes.io/service-name") == "web")];

    private List<EndpointSlice> Slices() => SliceEntries().ConvertAll(e => e.Read<EndpointSlice>());

    private string ReadyInSlices() => string.Join(' ', Slices().SelectMany(s => s.Endpoints ?? []).Where(e => e.Conditions.Ready == true).Select(e => e.Addresses![0]).Order(StringComparer.Ordinal));
}
