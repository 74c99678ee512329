using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Actors.Scheduling.Volumes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Storage.V1;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Volumes;

/// <summary>A claim's control loop around <see cref="ClaimPlan"/>. A volume is reserved with its resourceVersion as precondition: of two claims one gets it.</summary>
public sealed class PersistentVolumeClaimActor : ControlLoopActor
{
    private readonly RetryBackoff _retry = new();
    private (string, string)? _said;

    /// <param name="key">The claim.</param>
    /// <param name="services">Shared services.</param>
    public PersistentVolumeClaimActor(ResourceKey key, ControlPlaneServices services) : base(key, services, "persistentvolume-controller") { }

    private DateTimeOffset Now => Services.Time.GetUtcNow();

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        if (_retry.Remaining(Now) is { } wait)
        {
            ReconcileAfter(wait);
            return;
        }
        var claim = Current!.Read<PersistentVolumeClaim>();
        if (claim.Metadata.DeletionTimestamp is not null && claim.Metadata.Finalizers?.Contains(VolumeAnnotations.ClaimProtection) == true && !IsUsed())
        {
            var free = CurrentObject();
            free.RemoveFinalizer(VolumeAnnotations.ClaimProtection);
            WriteSelf(free);
            return;
        }
        var step = ClaimPlan.Next(claim, Volume, Cache.List(VolumeWakes.Volumes).Select(v => v.Read<PersistentVolume>()), Class(VolumeMatch.ClassOf(claim)), WaitingPods);
        switch (step)
        {
            case ClaimStep.Reserve reserve:
                Reserve(reserve.Volume);
                break;
            case ClaimStep.Complete complete:
                Complete(claim, complete.Volume);
                break;
            case ClaimStep.Wait waiting:
                Wait(claim, waiting);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void OnWritten(ResourceWritten written) => _retry.Succeed();

    /// <inheritdoc/>
    protected override void OnRefused(ResourceRefused refused) => _retry.Fail(Now);

    private void Reserve(PersistentVolume volume)
    {
        var patch = VolumeBindingWrites.ClaimRef(Current!.Read<PersistentVolumeClaim>(), chosen: volume.Spec.ClaimRef is null);
        patch["metadata"] ??= new JsonObject();
        patch["metadata"]!["resourceVersion"] = Cache.Get(VolumeWakes.VolumeKey(volume.Metadata.Name))?.ResourceVersion.ToString(CultureInfo.InvariantCulture);
        SendPatch(Services.Catalog.Get(VolumeWakes.Volumes), VolumeWakes.VolumeKey(volume.Metadata.Name), patch);
    }

    private void Complete(PersistentVolumeClaim claim, PersistentVolume volume)
    {
        var obj = CurrentObject();
        var annotations = ObjectMeta.Of(obj).Part("annotations");
        if (claim.Spec.VolumeName != volume.Metadata.Name)
        {
            obj.Part("spec")["volumeName"] = volume.Metadata.Name;
            annotations[VolumeAnnotations.BoundByController] ??= "yes";
        }
        annotations[VolumeAnnotations.BindCompleted] ??= "yes";
        var status = obj.Part("status");
        var rebound = (string?)status["phase"] != "Bound";
        status["phase"] = "Bound";
        status["accessModes"] = new JsonArray([.. (volume.Spec.AccessModes ?? []).Select(m => (JsonNode)m)]);
        // Later the sizes of the volume and of what is on it may differ for a while.
        if (rebound) status["capacity"] = new JsonObject([.. (volume.Spec.Capacity ?? []).Select(c => KeyValuePair.Create<string, JsonNode?>(c.Key, c.Value.ToString()))]);
        WriteSelf(obj);
        _said = null;
    }

    private void Wait(PersistentVolumeClaim claim, ClaimStep.Wait step)
    {
        var obj = CurrentObject();
        if (step.Provisioner is { } provisioner)
        {
            var annotations = ObjectMeta.Of(obj).Part("annotations");
            annotations[VolumeAnnotations.Provisioner] = provisioner;
            annotations[VolumeAnnotations.BetaProvisioner] = provisioner;
        }
        var status = obj.Part("status");
        status["phase"] = step.Phase;
        status.Remove("accessModes");
        status.Remove("capacity");
        WriteSelf(obj);
        if (step.Event is not { } happened || _said == (happened.Reason, happened.Message) || (step.Phase == "Lost" && claim.Status.Phase == "Lost")) return;
        _said = (happened.Reason, happened.Message);
        Record(happened.Type, happened.Reason, happened.Message);
    }

    private PersistentVolume? Volume(string name) => Cache.Get(VolumeWakes.VolumeKey(name))?.Read<PersistentVolume>();

    private StorageClass? Class(string name) => name.Length == 0 ? null : Cache.Get(new ResourceKey(VolumeWakes.Classes, "", name))?.Read<StorageClass>();

    private IReadOnlyList<string> WaitingPods() => [.. VolumeWakes.UsersOf(Key, Cache).Where(p => p.Header.NodeName.Length == 0).Select(p => p.Name)];

    /// <summary>A pod without a node does not count: it will not get one, as its claim is going.</summary>
    private bool IsUsed() => VolumeWakes.UsersOf(Key, Cache).Any(p => p.Header.NodeName.Length > 0);
}
