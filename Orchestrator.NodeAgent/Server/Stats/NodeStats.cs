using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Server.Stats;

/// <summary>Looks at the node and its pods whenever somebody asks, and remembers the last look for the rates. Thread-safe.</summary>
internal sealed class NodeStats(NodeAgentOptions options)
{
    private readonly CpuRates _rates = new();

    /// <summary>The figures now. Throws where the engine does not answer.</summary>
    public async Task<NodeFigures> ReadAsync(CancellationToken cancel)
    {
        var now = options.TimeProvider.GetUtcNow();
        var info = await options.Runtime.InfoAsync(cancel).ConfigureAwait(false);
        var usage = await options.Runtime.UsageAsync(cancel).ConfigureAwait(false);
        var (machine, facts) = (options.ReadUsage(now), options.Machine());
        var (images, free) = options.ReadDisk(info.StorageRoot);
        var figures = new NodeFigures(
            options.NodeName,
            now,
            machine.BootedAt,
            PodFiguresBuilder.Measured("node", machine.Resources, Rate),
            machine.Interfaces,
            Disk(facts.StorageBytes, facts.AvailableStorageBytes),
            Disk(images, free),
            facts.Pids,
            PodFiguresBuilder.Build(usage, Rate));
        _rates.Forget(now);
        return figures;

        long? Rate(string key, ResourceUsage used) => _rates.Next(key, used.At, used.CpuNanoseconds);
    }

    // No size is no disk that could be looked at: the engine's may be on another machine.
    private static DiskFigures? Disk(long capacity, long available) => capacity > 0 ? new DiskFigures(capacity, available) : null;
}
