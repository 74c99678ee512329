using Orchestrator.Resources;
using Orchestrator.Tests.Actors.Resources;
using Xunit;

namespace Orchestrator.Tests.Actors.Workloads;

/// <summary>Control loops, scheduler and garbage collection together, as actors on a journal in memory, with nodes that do what they are told.</summary>
public abstract class WorkloadTests(params string[] nodes) : IAsyncLifetime
{
    private protected ControlPlaneHarness _plane = null!;
    private protected ObedientNodes _nodes = null!;

    public async Task InitializeAsync()
    {
        _plane = await ControlPlaneHarness.StartAsync();
        _nodes = new ObedientNodes(_plane);
        foreach (var node in nodes) await _nodes.AddAsync(node);
        await _plane.EventuallyAsync(() => _plane.Cache.Get(new ResourceKey("serviceaccounts", "default", "default")) is not null);
    }

    public async Task DisposeAsync()
    {
        _nodes.Dispose();
        await _plane.DisposeAsync();
    }
}
