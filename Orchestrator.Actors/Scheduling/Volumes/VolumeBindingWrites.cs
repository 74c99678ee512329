using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;

namespace Orchestrator.Actors.Scheduling.Volumes;

/// <summary>
/// PreBind of VolumeBinding as commands: a chosen volume is reserved for its claim, and a claim whose class makes the volume is told the node. The volume
/// controllers do the rest, and the pod is bound when its claims are.
/// </summary>
internal static class VolumeBindingWrites
{
    public static PatchResource Of(VolumeChoice choice, string node, WriteContext context) =>
        choice.Volume is { } volume ? Reserve(choice, volume, context) : Select(choice, node, context);

    private static PatchResource Reserve(VolumeChoice choice, KnownVolume volume, WriteContext context) => Patch(new ResourceKey("persistentvolumes", "", volume.Name), context, new JsonObject
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["pv.kubernetes.io/bound-by-controller"] = "yes" } },
        ["spec"] = new JsonObject
        {
            ["claimRef"] = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "PersistentVolumeClaim",
                ["namespace"] = choice.Claim.Metadata.Namespace,
                ["name"] = choice.Claim.Metadata.Name,
                ["uid"] = choice.Claim.Metadata.UID,
            },
        },
    });

    private static PatchResource Select(VolumeChoice choice, string node, WriteContext context) =>
        Patch(new ResourceKey("persistentvolumeclaims", choice.Claim.Metadata.Namespace, choice.Claim.Metadata.Name), context,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [VolumeTable.SelectedNode] = node } } });

    private static PatchResource Patch(ResourceKey key, WriteContext context, JsonObject patch) =>
        new(key, "v1", context, PatchType.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), "", false);
}
