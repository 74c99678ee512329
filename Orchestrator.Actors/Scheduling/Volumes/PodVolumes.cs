using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Volumes;

/// <summary>A claim that a pod mounts. <paramref name="Ephemeral"/>: made for the pod and named after it.</summary>
public readonly record struct PodClaim(string Name, bool Ephemeral);

/// <summary>The volumes of a pod that bear on where it can run.</summary>
/// <param name="Claims">Its claims.</param>
/// <param name="Disks">Disks that it names itself, of kinds that cannot be mounted twice.</param>
public sealed record PodVolumes(PodClaim[] Claims, InlineDisk[] Disks)
{
    /// <summary>None.</summary>
    public static PodVolumes None { get; } = new([], []);

    /// <summary>Reads a pod's.</summary>
    public static PodVolumes Of(Pod pod)
    {
        if (pod.Spec.Volumes is not { Count: > 0 } volumes) return None;
        List<PodClaim>? claims = null;
        List<InlineDisk>? disks = null;
        foreach (var volume in volumes)
        {
            if (volume.PersistentVolumeClaim is { } claim) (claims ??= []).Add(new PodClaim(claim.ClaimName, false));
            else if (volume.Ephemeral is not null) (claims ??= []).Add(new PodClaim($"{pod.Metadata.Name}-{volume.Name}", true));
            else if (InlineDisk.Of(volume) is { } disk) (disks ??= []).Add(disk);
        }
        return claims is null && disks is null ? None : new PodVolumes([.. claims ?? []], [.. disks ?? []]);
    }
}
