using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>Asks the control plane for pods' tokens.</summary>
public sealed class PodTokens(IActorRef controlPlane) : IPodTokenSource
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task<PodToken> GetAsync(Pod pod, IReadOnlyList<string> audiences, TimeSpan lifetime, CancellationToken cancel)
    {
        var key = new ResourceKey("pods", pod.Metadata.Namespace, pod.Metadata.Name);
        object answer;
        try
        {
            answer = await controlPlane.Ask<object>(new RequestPodToken(key, pod.Metadata.UID, pod.Spec.ServiceAccountName, audiences, lifetime), Deadline, cancel).ConfigureAwait(false);
        }
        catch (AskTimeoutException e)
        {
            throw new InvalidOperationException($"failed to fetch token: {e.Message}", e);
        }
        return answer switch
        {
            PodToken token => token,
            PodTokenRefused refused => throw new InvalidOperationException($"failed to fetch token: {refused.Reason}"),
            _ => throw new InvalidOperationException($"failed to fetch token: unexpected answer {answer.GetType().Name}"),
        };
    }
}
