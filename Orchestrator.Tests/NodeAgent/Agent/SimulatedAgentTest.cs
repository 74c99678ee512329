using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Runtime.Simulated;
using ContainerState = Orchestrator.NodeAgent.Runtime.ContainerState;

namespace Orchestrator.Tests.NodeAgent.Agent;

/// <summary>An agent on a simulated engine in virtual time.</summary>
public abstract class SimulatedAgentTest : Orchestrator.TestKit.TestKit
{
    private protected SimulatedRuntime Runtime { get; private set; } = null!;

    private protected AgentFixture Fixture { get; private set; } = null!;

    protected DateTimeOffset VirtualNow => Sys.TimeProvider.GetUtcNow();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Fixture.Dispose();
    }

    private protected IReadOnlyList<ContainerState> List() => Runtime.ListAsync(CancellationToken.None).GetAwaiter().GetResult();

    private protected void Use(SimulatedOptions options, Func<NodeAgentOptions, NodeAgentOptions>? change = null)
    {
        Runtime = new SimulatedRuntime(options, Sys.TimeProvider);
        Fixture = new AgentFixture(Sys, Runtime, change: change);
        Fixture.Start();
    }

    /// <summary>Waits for a condition; with a step, virtual time passes while waiting.</summary>
    private protected void Until(Func<bool> condition, TimeSpan? step = null)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(deadline) > TimeSpan.FromSeconds(20)) throw new TimeoutException("the condition did not come true");
            if (step is { } by) Time.Advance(by);
            Thread.Yield();
        }
    }
}
