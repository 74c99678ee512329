using Orchestrator.NodeAgent.Pods;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Volumes;

/// <summary>The volumes of one pod. Not thread-safe: one call at a time.</summary>
public interface IPodVolumes
{
    /// <summary>When <see cref="SetUpAsync"/> is due again (tokens to be renewed), or null.</summary>
    DateTimeOffset? RefreshAt { get; }

    /// <summary>Puts every volume in place and brings it up to date; by name. Safe to repeat. Throws <see cref="VolumeException"/>.</summary>
    Task<IReadOnlyDictionary<string, MountedVolume>> SetUpAsync(Pod pod, DownwardFacts facts, CancellationToken cancel);
}
