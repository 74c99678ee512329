using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Types.Core.V1;
using MetaSelector = Orchestrator.Resources.Types.Meta.V1.LabelSelector;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// What Services and workloads select: the pods that belong together where a pod has no spread constraints of its own, as kube-scheduler's DefaultSelector finds them.
/// </summary>
public sealed class WorkloadSelectors
{
    private readonly Dictionary<string, Dictionary<string, LabelSelector>> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Kind, string Namespace, string Name), LabelSelector> _workloads = [];

    /// <summary>A Service as it is now; null where it is gone.</summary>
    public void SetService(string ns, string name, Service? service)
    {
        if (!_services.TryGetValue(ns, out var inNamespace)) _services[ns] = inNamespace = new Dictionary<string, LabelSelector>(StringComparer.Ordinal);
        if (service?.Spec.Selector is { Count: > 0 } selector) inNamespace[name] = LabelSelector.FromMap(selector);
        else inNamespace.Remove(name);
        if (inNamespace.Count == 0) _services.Remove(ns);
    }

    /// <summary>The selector of a ReplicaSet or StatefulSet as it is now; null where it is gone.</summary>
    public void SetWorkload(string kind, string ns, string name, MetaSelector? selector)
    {
        if (selector is null) _workloads.Remove((kind, ns, name));
        else _workloads[(kind, ns, name)] = PodTerm.Compile(selector, []);
    }

    /// <summary>The selector of a ReplicationController as it is now; null where it is gone.</summary>
    public void SetReplicationController(string ns, string name, Dictionary<string, string>? selector)
    {
        if (selector is null) _workloads.Remove(("ReplicationController", ns, name));
        else _workloads[("ReplicationController", ns, name)] = LabelSelector.FromMap(selector);
    }

    /// <summary>The pods a pod belongs with: all that its Services and its controller select; null where nothing selects it.</summary>
    public PodTerm? PodsLike(PodInfo pod)
    {
        var requirements = new List<Requirement>();
        if (_services.TryGetValue(pod.Key.Namespace, out var services))
            foreach (var selector in services.Values)
                if (selector.Matches(pod.Labels)) requirements.AddRange(selector.Requirements);
        if (_workloads.TryGetValue((pod.Controller.Kind, pod.Key.Namespace, pod.Controller.Name), out var own)) requirements.AddRange(own.Requirements);
        // Services and controllers mostly ask for the same labels.
        return requirements.Count == 0 ? null : PodTerm.Of(pod.Key.Namespace, LabelSelector.Of(requirements.DistinctBy(r => r.ToString())));
    }
}
