using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Volumes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Volumes;

/// <summary>
/// PreBind of VolumeBinding as commands: a chosen volume is reserved for its claim, and a claim whose class makes the volume is told the node. The volume
/// controllers do the rest, and the pod is bound when its claims are.
/// </summary>
internal static class VolumeBindingWrites
{
    public static PatchResource Of(VolumeChoice choice, string node, WriteContext context) =>
        choice.Volume is { } volume ? Reserve(choice, volume, context) : Select(choice, node, context);

    /// <summary>The merge patch that reserves a volume for a claim; marked as a choice of ours where <paramref name="chosen"/>, so that it can be taken back.</summary>
    public static JsonObject ClaimRef(PersistentVolumeClaim claim, bool chosen)
    {
        var patch = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["claimRef"] = new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "PersistentVolumeClaim",
                    ["namespace"] = claim.Metadata.Namespace,
                    ["name"] = claim.Metadata.Name,
                    ["uid"] = claim.Metadata.UID,
                },
            },
        };
        if (chosen) patch["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [VolumeAnnotations.BoundByController] = "yes" } };
        return patch;
    }

    private static PatchResource Reserve(VolumeChoice choice, KnownVolume volume, WriteContext context) =>
        Patch(new ResourceKey("persistentvolumes", "", volume.Name), context, ClaimRef(choice.Claim, chosen: volume.Object.Spec.ClaimRef is null));

    private static PatchResource Select(VolumeChoice choice, string node, WriteContext context) =>
        Patch(new ResourceKey("persistentvolumeclaims", choice.Claim.Metadata.Namespace, choice.Claim.Metadata.Name), context,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [VolumeAnnotations.SelectedNode] = node } } });

    private static PatchResource Patch(ResourceKey key, WriteContext context, JsonObject patch) =>
        new(key, "v1", context, PatchType.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), "", false);
}
