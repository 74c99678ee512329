using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Writing;
using Orchestrator.TestKit;
using Shouldly;

namespace Orchestrator.Tests.Actors.Resources;

/// <summary>A whole control plane on a journal in memory, without HTTP and without nodes.</summary>
internal sealed class ControlPlaneHarness : IAsyncDisposable
{
    public static readonly WriteContext User = new("tester", "test", false, "Strict");
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ActorSystem _system;

    private ControlPlaneHarness(ActorSystem system, IJournal journal, ControlPlane plane) => (_system, Journal, Plane) = (system, journal, plane);

    public IJournal Journal { get; }

    public ControlPlane Plane { get; }

    public ResourceCache Cache => Plane.Services.Cache;

    /// <summary>In virtual time where <paramref name="time"/> is given.</summary>
    public static async Task<ControlPlaneHarness> StartAsync(IJournal? journal = null, VirtualTime? time = null, ControlPlaneOptions? options = null, Func<CancellationToken, Task>? caughtUp = null)
    {
        journal ??= new MemoryJournal(time);
        var system = ActorSystem.Create("test", time is null ? new ActorSystemSetup() : new ActorSystemSetup { TimeProvider = time, Activity = time.Activity });
        var plane = await ControlPlane.StartAsync(system, journal, options ?? new ControlPlaneOptions(), SecretSealer.None, _ => new PodToken("token", DateTimeOffset.MaxValue), 6443, caughtUp);
        var harness = new ControlPlaneHarness(system, journal, plane);
        return harness;
    }

    public Task<ResourceReply> CreateAsync(string resource, string json, string ns = "default")
    {
        var kind = Plane.Services.Catalog.Get(resource);
        return Plane.Client.SendAsync(ResourceWriter.PrepareCreate(Plane.Services, kind, ns, JsonNode.Parse(json)!.AsObject(), User));
    }

    public Task<ResourceReply> PatchAsync(ResourceKey key, string mergePatch) =>
        Plane.Client.SendAsync(new PatchResource(key, Plane.Services.Catalog.Get(key.Resource).ApiVersion, User, PatchType.Merge, Encoding.UTF8.GetBytes(mergePatch), "", false));

    public Task<ResourceReply> DeleteAsync(ResourceKey key, string? propagation = null) =>
        Plane.Client.SendAsync(new DeleteResource(key, Plane.Services.Catalog.Get(key.Resource).ApiVersion, User, null, propagation, null, null));

    /// <summary>Waits, change by change, until the condition holds.</summary>
    public async Task EventuallyAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        var signal = new SemaphoreSlim(0);
        using var subscription = Cache.Subscribe(_ => signal.Release());
        while (!condition()) await signal.WaitAsync(timeout.Token);
    }

    /// <summary>Waits until the condition holds, letting virtual time pass meanwhile.</summary>
    public async Task EventuallyAsync(Func<bool> condition, Action passTime)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        while (!condition())
        {
            timeout.Token.ThrowIfCancellationRequested();
            passTime();
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        // A test that fails while commits are held must not wait for them.
        (Journal as MemoryJournal)?.ReleaseCommits();
        await _system.Terminate();
        await Plane.DisposeAsync();
    }
}
