using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Volumes;

/// <summary>A claim and the volume it gets; null where the claim's class will make one.</summary>
public readonly record struct VolumeChoice(PersistentVolumeClaim Claim, KnownVolume? Volume);
