using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Volumes;

/// <summary>A volume's control loop around <see cref="VolumePlan"/>.</summary>
public sealed class PersistentVolumeActor : ControlLoopActor
{
    private (string, string)? _said;

    /// <param name="key">The volume.</param>
    /// <param name="services">Shared services.</param>
    public PersistentVolumeActor(ResourceKey key, ControlPlaneServices services) : base(key, services, "persistentvolume-controller") { }

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        var volume = Current!.Read<PersistentVolume>();
        var claim = volume.Spec.ClaimRef is { } owner ? Cache.Get(new ResourceKey(VolumeWakes.Claims, owner.Namespace, owner.Name))?.Read<PersistentVolumeClaim>() : null;
        var step = VolumePlan.Next(volume, claim);
        var obj = CurrentObject();
        if (step.Unbind) Unbind(obj);
        var status = obj.Part("status");
        if ((string?)status["phase"] != step.Phase)
        {
            status["phase"] = step.Phase;
            status["lastPhaseTransitionTime"] = ObjectMeta.Timestamp(Services.Time.GetUtcNow());
            if (step.Message.Length > 0) status["message"] = step.Message;
            else status.Remove("message");
        }
        if (volume.Metadata.DeletionTimestamp is not null && step.Phase != "Bound") obj.RemoveFinalizer(VolumeAnnotations.VolumeProtection);
        WriteSelf(obj);
        if (step.Event is not { } happened || _said == (happened.Reason, happened.Message)) return;
        _said = (happened.Reason, happened.Message);
        Record(happened.Type, happened.Reason, happened.Message);
    }

    private static void Unbind(JsonObject volume)
    {
        var metadata = ObjectMeta.Of(volume);
        if (metadata["annotations"] is JsonObject annotations && annotations.Remove(VolumeAnnotations.BoundByController))
        {
            volume["spec"]!.AsObject().Remove("claimRef");
            if (annotations.Count == 0) metadata.Remove("annotations");
        }
        else
        {
            volume["spec"]!["claimRef"]!.AsObject().Remove("uid");
        }
    }
}
