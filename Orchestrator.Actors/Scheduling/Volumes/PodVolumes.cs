using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Volumes;

/// <summary>A claim that a pod mounts. <paramref name="Ephemeral"/>: made for the pod and named after it.</summary>
public readonly record struct PodClaim(string Name, bool Ephemeral);

/// <summary>The volumes of a pod that bear on where it can run.</summary>
/// <param name="Claims">Its claims.</param>
/// <param name="InlineDrivers">CSI drivers of volumes that live as long as the pod, one per volume.</param>
public sealed record PodVolumes(PodClaim[] Claims, string[] InlineDrivers)
{
    /// <summary>None.</summary>
    public static PodVolumes None { get; } = new([], []);

    /// <summary>Reads a pod's.</summary>
    public static PodVolumes Of(Pod pod)
    {
        if (pod.Spec.Volumes is not { Count: > 0 } volumes) return None;
        var claims = new List<PodClaim>();
        var drivers = new List<string>();
        foreach (var volume in volumes)
        {
            if (volume.PersistentVolumeClaim is { } claim) claims.Add(new PodClaim(claim.ClaimName, false));
            else if (volume.Ephemeral is not null) claims.Add(new PodClaim($"{pod.Metadata.Name}-{volume.Name}", true));
            else if (volume.CSI is { } inline) drivers.Add(inline.Driver);
        }
        return claims.Count + drivers.Count == 0 ? None : new PodVolumes([.. claims], [.. drivers]);
    }
}
