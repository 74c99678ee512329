using System.Text.Json.Nodes;
using Orchestrator.Resources.Types.Meta.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Workloads;

/// <summary>Who claims: a controller as its owner references name it.</summary>
/// <param name="ApiVersion">E.g. <c>apps/v1</c>.</param>
/// <param name="Kind">E.g. <c>ReplicaSet</c>.</param>
/// <param name="Name">metadata.name.</param>
/// <param name="Uid">metadata.uid.</param>
/// <param name="Terminating">Marked for deletion: adopts and releases nothing any more.</param>
public sealed record Controller(string ApiVersion, string Kind, string Name, string Uid, bool Terminating)
{
    /// <summary>The reference its dependents carry.</summary>
    public OwnerReference Reference => new() { APIVersion = ApiVersion, Kind = Kind, Name = Name, UID = Uid, Controller = true, BlockOwnerDeletion = true };
}

/// <summary>
/// Which objects a controller holds, which it should take up and which let go, by selector and controller reference (upstream's
/// controller reference manager). UIDs decide, never names.
/// </summary>
/// <param name="Owned">Controlled by it and matching.</param>
/// <param name="Adopt">Matching orphans.</param>
/// <param name="Release">Controlled by it, no longer matching.</param>
public sealed record ControllerClaims<T>(IReadOnlyList<T> Owned, IReadOnlyList<T> Adopt, IReadOnlyList<T> Release)
{
    /// <summary>Sorts the candidates; those that are none of its business are left out.</summary>
    public static ControllerClaims<T> Of(Controller controller, Func<ObjectMeta, bool> matches, IEnumerable<T> candidates, Func<T, ObjectMeta> meta) =>
        Of(controller, candidates, candidate => PodStatusFacts.Controller(meta(candidate))?.UID, candidate => matches(meta(candidate)), candidate => meta(candidate).DeletionTimestamp is not null);

    /// <summary>As above, for what is not read as a whole.</summary>
    /// <param name="controller">Who claims.</param>
    /// <param name="candidates">Objects of its namespace.</param>
    /// <param name="controllerOf">Uid of an object's controlling owner, or null.</param>
    /// <param name="matches">Whether the selector matches an object.</param>
    /// <param name="deleting">Whether an object is marked for deletion.</param>
    public static ControllerClaims<T> Of(Controller controller, IEnumerable<T> candidates, Func<T, string?> controllerOf, Func<T, bool> matches, Func<T, bool> deleting)
    {
        List<T> owned = [], adopt = [], release = [];
        foreach (var candidate in candidates)
        {
            if (controllerOf(candidate) is { } uid)
            {
                if (uid != controller.Uid) continue;
                if (matches(candidate)) owned.Add(candidate);
                else if (!controller.Terminating) release.Add(candidate);
            }
            else if (!controller.Terminating && !deleting(candidate) && matches(candidate))
            {
                adopt.Add(candidate);
            }
        }
        return new ControllerClaims<T>(owned, adopt, release);
    }
}

/// <summary>The strategic-merge patches of adoption and release. The uid in them is a precondition: a namesake is left alone.</summary>
public static class ControllerPatches
{
    /// <summary>Adds the controller's reference.</summary>
    public static JsonObject Adopt(Controller controller, string uid) => Patch(uid, new JsonObject
    {
        ["apiVersion"] = controller.ApiVersion,
        ["kind"] = controller.Kind,
        ["name"] = controller.Name,
        ["uid"] = controller.Uid,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    });

    /// <summary>Takes the controller's reference away.</summary>
    public static JsonObject Release(Controller controller, string uid) => Patch(uid, new JsonObject { ["$patch"] = "delete", ["uid"] = controller.Uid });

    private static JsonObject Patch(string uid, JsonObject reference) =>
        new() { ["metadata"] = new JsonObject { ["uid"] = uid, ["ownerReferences"] = new JsonArray(reference) } };
}
