using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Runtime.Simulated;

/// <summary>The disk of a node that is a model: volumes count as mounted, nothing is written, and no token is asked for that nothing could read.</summary>
public sealed class SimulatedDisk : INodeDisk, IPodVolumes
{
    /// <summary>One for all nodes: it holds nothing.</summary>
    public static SimulatedDisk Instance { get; } = new();

    /// <inheritdoc/>
    public DateTimeOffset? RefreshAt => null;

    /// <inheritdoc/>
    public IPodVolumes VolumesOf(string uid, IConfigSource objects, IPodTokenSource tokens, TimeProvider time) => this;

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, MountedVolume>> SetUpAsync(Pod pod, DownwardFacts facts, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyDictionary<string, MountedVolume>>(new SmallMap<MountedVolume>((pod.Spec.Volumes ?? []).Select(v => KeyValuePair.Create(v.Name, new MountedVolume($"/simulated/{v.Name}", false)))));

    /// <inheritdoc/>
    public void WriteFiles(Pod pod, StartContainer start, string podIp, Func<DnsOptions> dns) { }

    /// <inheritdoc/>
    public void Remove(string uid) { }

    /// <inheritdoc/>
    public IEnumerable<string> Uids() => [];
}
