using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Scheduling;

/// <summary>What a pod takes of a node: its effective requests, and what it counts for when nodes are scored.</summary>
/// <param name="Requests">By <see cref="ResourceColumns"/>.</param>
/// <param name="NonZeroMilliCpu">Cpu for scoring: containers without a request count as 100 thousandths.</param>
/// <param name="NonZeroMemory">Memory for scoring, in bytes: containers without a request count as 200 MiB.</param>
public readonly record struct PodDemand(long[] Requests, long NonZeroMilliCpu, long NonZeroMemory)
{
    private static readonly Quantity DefaultCpu = Quantity.Parse("100m");
    private static readonly Quantity DefaultMemory = Quantity.Parse("200Mi");

    /// <summary>Adds a spec up.</summary>
    public static PodDemand Of(PodSpec spec, ResourceColumns columns)
    {
        var requests = columns.Vector(PodResources.Requests(spec), static (quantity, milli) => milli ? quantity.MilliValue : quantity.Value);
        // Pods that ask for nothing must not all go where the least is asked for: for scoring they count as something.
        var assumed = PodResources.Requests(new PodSpec
        {
            InitContainers = spec.InitContainers?.ConvertAll(Assume),
            Containers = spec.Containers?.ConvertAll(Assume),
            Overhead = spec.Overhead,
        });
        return new PodDemand(requests, assumed.GetValueOrDefault("cpu").MilliValue, assumed.GetValueOrDefault("memory").Value);
    }

    private static Container Assume(Container container)
    {
        var requests = container.Resources.Requests is { } asked ? new Dictionary<string, Quantity>(asked, StringComparer.Ordinal) : [];
        requests.TryAdd("cpu", DefaultCpu);
        requests.TryAdd("memory", DefaultMemory);
        return new Container { RestartPolicy = container.RestartPolicy, Resources = new ResourceRequirements { Requests = requests } };
    }
}
