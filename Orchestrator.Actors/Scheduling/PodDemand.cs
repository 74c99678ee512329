using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// What a pod takes of a node: what its containers and sidecars use together, or what the start of it takes if that is more, plus the
/// overhead of its runtime class. Init containers run one after another, each beside the sidecars started before it.
/// </summary>
/// <param name="Requests">By <see cref="ResourceColumns"/>.</param>
/// <param name="NonZeroMilliCpu">Cpu for scoring.</param>
/// <param name="NonZeroMemory">Memory for scoring, in bytes.</param>
public readonly record struct PodDemand(long[] Requests, long NonZeroMilliCpu, long NonZeroMemory)
{
    private const long DefaultMilliCpu = 100;
    private const long DefaultMemory = 200L * 1024 * 1024;

    /// <summary>Adds a spec up.</summary>
    public static PodDemand Of(PodSpec spec, ResourceColumns columns)
    {
        var requests = Total(spec, columns, container => Vector(container.Resources.Requests, columns));
        var scoring = Total(spec, columns, container =>
        {
            var asked = container.Resources.Requests;
            var vector = new long[2];
            vector[ResourceColumns.MilliCpu] = asked is not null && asked.TryGetValue("cpu", out var cpu) ? cpu.MilliValue : DefaultMilliCpu;
            vector[ResourceColumns.Memory] = asked is not null && asked.TryGetValue("memory", out var memory) ? memory.Value : DefaultMemory;
            return vector;
        });
        return new PodDemand(requests, scoring[ResourceColumns.MilliCpu], scoring[ResourceColumns.Memory]);
    }

    private static long[] Total(PodSpec spec, ResourceColumns columns, Func<Container, long[]> ofContainer)
    {
        long[] running = [], highest = [];
        foreach (var container in spec.InitContainers ?? [])
        {
            var own = ofContainer(container);
            if (container.RestartPolicy == "Always")
            {
                running = Combine(running, own, static (a, b) => a + b);
                highest = Combine(highest, running, Math.Max);
            }
            else
            {
                highest = Combine(highest, Combine(running, own, static (a, b) => a + b), Math.Max);
            }
        }
        foreach (var container in spec.Containers ?? []) running = Combine(running, ofContainer(container), static (a, b) => a + b);
        var total = Combine(running, highest, Math.Max);
        return spec.Overhead is { } overhead ? Combine(total, Vector(overhead, columns), static (a, b) => a + b) : total;
    }

    private static long[] Vector(Dictionary<string, Orchestrator.Resources.Quantities.Quantity>? amounts, ResourceColumns columns) =>
        amounts is null ? [] : columns.Vector(amounts, (quantity, milli) => milli ? quantity.MilliValue : quantity.Value);

    private static long[] Combine(long[] a, long[] b, Func<long, long, long> with)
    {
        var result = new long[Math.Max(a.Length, b.Length)];
        for (var i = 0; i < result.Length; i++) result[i] = with(i < a.Length ? a[i] : 0, i < b.Length ? b[i] : 0);
        return result;
    }
}
