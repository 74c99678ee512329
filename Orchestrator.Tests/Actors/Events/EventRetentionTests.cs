using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.TestKit;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;

namespace Orchestrator.Tests.Actors.Events;

public sealed class EventRetentionTests : IAsyncLifetime
{
    private static readonly ResourceKey Key = new("events", "default", "e");

    private readonly VirtualTime _time = new();
    private ControlPlaneHarness _plane = null!;

    public async Task InitializeAsync() => _plane = await ControlPlaneHarness.StartAsync(time: _time, options: new ControlPlaneOptions { EventLifetime = TimeSpan.FromMinutes(10) });

    public async Task DisposeAsync() => await _plane.DisposeAsync();

    [Fact]
    public async Task An_event_goes_when_it_has_not_been_written_for_its_lifetime_whatever_times_it_tells()
    {
        (await _plane.CreateAsync("events", """{"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"default"},"involvedObject":{"kind":"Pod","namespace":"default","name":"p"},"reason":"Old","lastTimestamp":"2001-01-01T00:00:00Z","type":"Normal"}"""))
            .ShouldBeOfType<ResourceWritten>();
        _time.Advance(TimeSpan.FromMinutes(8));
        _plane.Cache.Get(Key).ShouldNotBeNull();

        (await _plane.PatchAsync(Key, """{"count":2}""")).ShouldBeOfType<ResourceWritten>();
        _time.Advance(TimeSpan.FromMinutes(8));
        _plane.Cache.Get(Key).ShouldNotBeNull();

        _time.Advance(TimeSpan.FromMinutes(4));
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Key) is null);
    }
}
