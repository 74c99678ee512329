using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.Protocol.Nodes;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>The end of a pod whose node goes down.</summary>
internal sealed partial class PodWorkerActor
{
    /// <summary>A pod that runs fails, as upstream's graceful node shutdown has it; one that has ended stays as it is.</summary>
    private void OnEnd()
    {
        _ending = true;
        if (!Stopping) _failure = new WaitingReason("Terminated", "Pod was terminated in response to imminent node shutdown.");
        Reconcile();
        TellEnded();
    }

    private void OnAccepted(PodStatusAccepted accepted)
    {
        _reporter.Accepted(accepted.Sequence);
        _reporter.SendChanged(Pod, Self);
        AwaitAnswer();
        TellEnded();
    }

    private void TellEnded()
    {
        if (_ending && _released && !_reporter.Pending) Context.Parent.Tell(new PodEnded(Pod.Metadata.UID));
    }
}
