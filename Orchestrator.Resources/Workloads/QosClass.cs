using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Resources.Workloads;

/// <summary>A pod's quality of service (upstream: ComputePodQOS): who is evicted or killed first when a node runs short.</summary>
public static class QosClass
{
    /// <summary>Every container's CPU and memory are limited and requested alike.</summary>
    public const string Guaranteed = "Guaranteed";

    /// <summary>Something is requested or limited.</summary>
    public const string Burstable = "Burstable";

    /// <summary>Nothing is.</summary>
    public const string BestEffort = "BestEffort";

    /// <summary>The class of a pod with this spec. Only CPU and memory above zero count.</summary>
    public static string Of(PodSpec spec)
    {
        var (requests, limits) = (new Dictionary<string, Quantity>(StringComparer.Ordinal), new Dictionary<string, Quantity>(StringComparer.Ordinal));
        var allLimited = true;
        foreach (var container in (spec.InitContainers ?? []).Concat(spec.Containers ?? []))
        {
            Add(requests, container.Resources.Requests);
            allLimited &= Add(limits, container.Resources.Limits) == 2;
        }
        if (requests.Count == 0 && limits.Count == 0) return BestEffort;
        var same = requests.Count == limits.Count && requests.All(r => limits.TryGetValue(r.Key, out var limit) && limit == r.Value);
        return allLimited && same ? Guaranteed : Burstable;
    }

    private static int Add(Dictionary<string, Quantity> total, Dictionary<string, Quantity>? amounts)
    {
        var counted = 0;
        foreach (var name in (ReadOnlySpan<string>)["cpu", "memory"])
        {
            if (amounts is null || !amounts.TryGetValue(name, out var amount) || amount.Sign <= 0) continue;
            total[name] = total.GetValueOrDefault(name) + amount;
            counted++;
        }
        return counted;
    }
}
