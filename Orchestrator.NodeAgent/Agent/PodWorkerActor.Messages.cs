using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Probes;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Protocol.Nodes;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>What a worker is told, and what it lets go of in between.</summary>
internal sealed partial class PodWorkerActor
{
    /// <summary>One handler for everything, because there is a worker for every pod: each handler costs it memory.</summary>
    private bool OnMessage(object message)
    {
        switch (message)
        {
            case DesiredPod desired: OnDesired(desired); break;
            case PodObjectGone: OnObjectGone(); break;
            case EndPod: OnEnd(); break;
            case RuntimeEvent e: OnRuntimeEvent(e); break;
            case RuntimeChanged changed: OnRuntimeChanged(changed); break;
            case RuntimeLost: _runtimeUp = false; break;
            case RuntimeRecovered recovered: OnRecovered(recovered); break;
            case ObjectsUpdated: OnObjects(); break;
            case ContainerRunning running: OnRunning(running); break;
            case OperationEnded ended: OnOperation(ended); break;
            case ObservedEnd end: OnEnded(end.Container); break;
            case ContainersPruned pruned: _observed = pruned.Ids.Aggregate(_observed, (o, id) => o.Without(id)); break;
            case CleanedUp done: OnCleanedUp(done); break;
            case FindContainer find: OnFind(find); break;
            case ProbeFailed failed: OnProbeFailed(failed); break;
            case ProbeVerdict verdict: OnProbeVerdict(verdict); break;
            case PodStatusAccepted accepted: OnAccepted(accepted); break;
            case Wake wake: OnWake(wake); break;
            case Status.Failure failure: throw new InvalidOperationException($"a step of pod {PodContainers.Format(Pod)} failed", failure.Cause);
            default: return false;
        }
        if (_busy.Count == 0 && !_reporter.Pending) Rest();
        return true;
    }

    /// <summary>Nothing is under way: what can be read again from bytes is let go of.</summary>
    private void Rest()
    {
        _known.Rest();
        _reporter.Rest();
        _operations.Rest();
    }
}
