using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Probes;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>
/// The health of a pod's running containers and the probes that tell it. Belongs to the pod's worker: probes are its children, and it is only touched from the
/// worker's messages.
/// </summary>
internal sealed class PodHealth(IActorContext context, Prober prober)
{
    private readonly SmallMap<ContainerHealth> _health = new();
    private readonly SmallMap<List<(ProbeKind Kind, IActorRef Actor)>> _probes = new();

    public IReadOnlyDictionary<string, ContainerHealth> ByName => _health;

    /// <summary>A container has been started; its hook is still to come.</summary>
    public void Began(PodContainer container) => _health[container.Name] = new ContainerHealth(false, container.Spec.ReadinessProbe is null, null);

    /// <summary>The start is through, or a running container was adopted: probes begin.</summary>
    /// <param name="container">The container.</param>
    /// <param name="id">The engine's id.</param>
    /// <param name="podIp">Where probes go.</param>
    /// <param name="before">Its status before this agent started, where it is of the same container: what was ready stays ready until a probe says otherwise.</param>
    public void Run(PodContainer container, string id, string podIp, ContainerStatus? before)
    {
        StopProbes(container.Name);
        var started = container.Spec.StartupProbe is null || before?.Started == true;
        var ready = container.Spec.ReadinessProbe is null || before?.Ready == true;
        _health[container.Name] = new ContainerHealth(started, ready, null);
        var target = new ProbeTarget(id, container.Spec, podIp);
        if (!started) StartProbe(container, ProbeKind.Startup, container.Spec.StartupProbe!, target);
        else StartRegular(container, target);
    }

    /// <summary>A reason to kill a running container other than a probe.</summary>
    public void Condemn(string name, string reason) => _health[name] = _health.GetValueOrDefault(name, ContainerHealth.Unknown) with { KillReason = reason };

    /// <summary>A threshold was reached.</summary>
    public void Apply(ProbeVerdict verdict, PodContainer container, string podIp)
    {
        var health = _health.GetValueOrDefault(container.Name, ContainerHealth.Unknown);
        switch (verdict.Kind)
        {
            case ProbeKind.Readiness:
                _health[container.Name] = health with { Ready = verdict.Success };
                break;
            case ProbeKind.Startup when verdict.Success:
                _health[container.Name] = health with { Started = true };
                StopProbes(container.Name);
                StartRegular(container, new ProbeTarget(verdict.ContainerId, container.Spec, podIp));
                break;
            case ProbeKind.Liveness or ProbeKind.Startup when !verdict.Success:
                Condemn(container.Name, $"Container {container.Name} failed {(verdict.Kind == ProbeKind.Startup ? "startup" : "liveness")} probe, will be restarted");
                break;
            default:
                break;
        }
    }

    /// <summary>The container has ended.</summary>
    public void Ended(string name)
    {
        StopProbes(name);
        _health.Remove(name);
    }

    /// <summary>The pod is stopping: nothing is restarted any more, but readiness may still change.</summary>
    public void StopLiveness()
    {
        foreach (var probes in _probes.Values)
            foreach (var probe in probes.Where(p => p.Kind != ProbeKind.Readiness)) context.Stop(probe.Actor);
    }

    private void StartRegular(PodContainer container, ProbeTarget target)
    {
        if (container.Spec.LivenessProbe is { } liveness) StartProbe(container, ProbeKind.Liveness, liveness, target);
        if (container.Spec.ReadinessProbe is { } readiness) StartProbe(container, ProbeKind.Readiness, readiness, target);
    }

    private void StartProbe(PodContainer container, ProbeKind kind, Probe probe, ProbeTarget target)
    {
        var runner = prober;
        var actor = context.ActorOf(Props.Create(() => new ProbeActor(kind, probe, target, runner)));
        if (!_probes.TryGetValue(container.Name, out var list)) _probes[container.Name] = list = [];
        list.Add((kind, actor));
    }

    private void StopProbes(string name)
    {
        if (!_probes.Remove(name, out var probes)) return;
        foreach (var probe in probes) context.Stop(probe.Actor);
    }
}
