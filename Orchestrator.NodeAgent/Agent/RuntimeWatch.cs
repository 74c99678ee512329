using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>The engine answers: who it is and everything it has of this node.</summary>
internal sealed record RuntimeUp(RuntimeInfo Info, IReadOnlyList<ContainerState> Containers);

/// <summary>The engine does not answer.</summary>
internal sealed record RuntimeDown(string Message);

/// <summary>
/// Follows the engine's events for an agent: connects, lists, then passes every event on; starts over when the engine goes away. Listening begins before the list is
/// taken, so nothing falls in between.
/// </summary>
internal sealed class RuntimeWatch(IContainerRuntime runtime, IActorRef agent, TimeProvider time)
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is RuntimeUnavailableException or RuntimeException)
            {
                agent.Tell(new RuntimeDown(e.Message), null);
                await Task.Delay(RetryInterval, time, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancel)
    {
        var info = await runtime.InfoAsync(cancel).ConfigureAwait(false);
        var events = runtime.WatchAsync(cancel).GetAsyncEnumerator(cancel);
        await using (events.ConfigureAwait(false))
        {
            var next = events.MoveNextAsync().AsTask();
            agent.Tell(new RuntimeUp(info, await runtime.ListAsync(cancel).ConfigureAwait(false)), null);
            while (await next.ConfigureAwait(false))
            {
                agent.Tell(events.Current, null);
                next = events.MoveNextAsync().AsTask();
            }
        }
    }
}
