using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Resources.Workloads;

/// <summary>
/// What a pod asks for as a whole (upstream: k8s.io/component-helpers/resource). Containers add up; init containers run one after the
/// other beside the sidecars started before them, so the pod needs the larger of both; overhead comes on top.
/// </summary>
public static class PodResources
{
    /// <summary>The pod's effective requests by resource name: what scheduling counts.</summary>
    public static Dictionary<string, Quantity> Requests(PodSpec spec) => Effective(spec, static r => r.Requests, overheadAlways: true);

    /// <summary>The pod's effective limits by resource name; overhead is added to resources that are limited.</summary>
    public static Dictionary<string, Quantity> Limits(PodSpec spec) => Effective(spec, static r => r.Limits, overheadAlways: false);

    /// <summary>Whether an init container keeps running beside the containers (<c>restartPolicy: Always</c>).</summary>
    public static bool IsSidecar(Container initContainer) => initContainer.RestartPolicy == "Always";

    private static Dictionary<string, Quantity> Effective(PodSpec spec, Func<ResourceRequirements, Dictionary<string, Quantity>?> amounts, bool overheadAlways)
    {
        var total = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Containers ?? []) Add(total, amounts(container.Resources));
        var sidecars = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        var starting = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.InitContainers ?? [])
        {
            if (IsSidecar(container))
            {
                Add(total, amounts(container.Resources));
                Add(sidecars, amounts(container.Resources));
                Raise(starting, sidecars);
                continue;
            }
            var step = new Dictionary<string, Quantity>(sidecars, StringComparer.Ordinal);
            Add(step, amounts(container.Resources));
            Raise(starting, step);
        }
        Raise(total, starting);
        foreach (var (name, amount) in spec.Overhead ?? [])
            if (overheadAlways || total.ContainsKey(name)) total[name] = total.GetValueOrDefault(name) + amount;
        return total;
    }

    private static void Add(Dictionary<string, Quantity> total, Dictionary<string, Quantity>? amounts)
    {
        if (amounts is null) return;
        foreach (var (name, amount) in amounts) total[name] = total.TryGetValue(name, out var so) ? so + amount : amount;
    }

    private static void Raise(Dictionary<string, Quantity> total, Dictionary<string, Quantity> to)
    {
        foreach (var (name, amount) in to)
            if (!total.TryGetValue(name, out var so) || so < amount) total[name] = amount;
    }
}
