using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Volumes;

/// <summary>A disk that a pod names itself.</summary>
/// <param name="Kind">gcePersistentDisk, awsElasticBlockStore, iscsi or rbd.</param>
/// <param name="Id">What tells it from others of its kind.</param>
/// <param name="ReadOnly">Whether the pod only reads; never so for awsElasticBlockStore, which is attached once whatever is done with it.</param>
/// <param name="Monitors">Of rbd: disks of the same name are one where they share a monitor.</param>
public sealed record InlineDisk(string Kind, string Id, bool ReadOnly, IReadOnlyList<string> Monitors)
{
    /// <summary>The disk of a volume, or null where it is none.</summary>
    public static InlineDisk? Of(Volume volume) => volume switch
    {
        { GCEPersistentDisk: { } disk } => new InlineDisk("gcePersistentDisk", disk.PDName, disk.ReadOnly, []),
        { AWSElasticBlockStore: { } disk } => new InlineDisk("awsElasticBlockStore", disk.VolumeID, false, []),
        { ISCSI: { } disk } => new InlineDisk("iscsi", disk.IQN, disk.ReadOnly, []),
        { RBD: { } disk } => new InlineDisk("rbd", $"{disk.RBDPool}/{disk.RBDImage}", disk.ReadOnly, disk.CephMonitors ?? []),
        _ => null,
    };

    /// <summary>Whether two pods on one node cannot both have these.</summary>
    public bool ConflictsWith(InlineDisk other) =>
        Kind == other.Kind && Id == other.Id && !(ReadOnly && other.ReadOnly) && (Kind != "rbd" || Monitors.Any(other.Monitors.Contains));
}
