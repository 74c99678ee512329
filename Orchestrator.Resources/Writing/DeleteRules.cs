using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Writing;

/// <summary>How an object goes away (k8s.io/apiserver registry/rest BeforeDelete and registry/generic Delete): at once, with grace, or when its finalizers are gone.</summary>
public static class DeleteRules
{
    /// <summary>Finalizer that keeps an owner until its blocking dependents are gone.</summary>
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>Finalizer that keeps an owner until its dependents have forgotten it.</summary>
    public const string OrphanFinalizer = "orphan";

    /// <summary>What the client asked for.</summary>
    /// <param name="GracePeriodSeconds">Null for the object's default.</param>
    /// <param name="Propagation">Foreground, Background, Orphan, or null for the kind's default.</param>
    /// <param name="Uid">Precondition, or null.</param>
    /// <param name="ResourceVersion">Precondition, or null.</param>
    public sealed record Options(long? GracePeriodSeconds, string? Propagation, string? Uid, string? ResourceVersion);

    /// <summary>Decides; <paramref name="old"/> is the stored object without resourceVersion and is changed in place.</summary>
    public static WriteDecision Decide(ResourceKind kind, JsonObject old, long version, Options options, DateTimeOffset now)
    {
        var name = ObjectMeta.Get(old, "name");
        var uid = ObjectMeta.Get(old, "uid");
        if (!string.IsNullOrEmpty(options.Uid) && options.Uid != uid)
            return Conflict(kind, name, $"Precondition failed: UID in precondition: {options.Uid}, UID in object meta: {uid}");
        if (!string.IsNullOrEmpty(options.ResourceVersion) && options.ResourceVersion != version.ToString(CultureInfo.InvariantCulture))
            return Conflict(kind, name, $"Precondition failed: ResourceVersion in precondition: {options.ResourceVersion}, ResourceVersion in object meta: {version}");
        if (options.GracePeriodSeconds < 0)
        {
            var errors = new FieldErrors();
            errors.Invalid("gracePeriodSeconds", options.GracePeriodSeconds, "must be greater than or equal to 0");
            return new WriteDecision.Refuse(ApiStatus.Invalid("DeleteOptions.meta.k8s.io", "", errors.Causes));
        }

        var before = old.DeepClone().AsObject();
        SetPropagationFinalizer(kind, old, options.Propagation);
        var grace = Grace(kind, old, options.GracePeriodSeconds);
        var deleting = ObjectMeta.IsDeleting(old);

        if (grace == 0 && !IsHeld(kind, old)) return new WriteDecision.Remove(Mark(kind, old, 0, now));
        if (!deleting) return Put(kind, Mark(kind, old, grace, now), raise: true);
        // A second delete may only shorten the grace.
        var current = (long?)ObjectMeta.Of(old)["deletionGracePeriodSeconds"] ?? 0;
        if (grace < current) return Put(kind, Mark(kind, old, grace, now, replace: true), raise: false);
        return JsonNode.DeepEquals(before, old) ? new WriteDecision.Unchanged() : Put(kind, old, raise: false);
    }

    /// <summary>Whether nothing holds the object back any more: no finalizers, grace over (0), and for namespaces an empty <c>spec.finalizers</c>.</summary>
    public static bool IsFinalized(ResourceKind kind, JsonObject obj) =>
        !IsHeld(kind, obj) && (!ObjectMeta.IsDeleting(obj) || ((long?)ObjectMeta.Of(obj)["deletionGracePeriodSeconds"] ?? 0) == 0);

    private static bool IsHeld(ResourceKind kind, JsonObject obj) =>
        ObjectMeta.Finalizers(obj).Count > 0 || (kind is { Group: "", Kind: "Namespace" } && obj["spec"]?["finalizers"] is JsonArray { Count: > 0 });

    /// <summary>Only pods stop gracefully: not before they run somewhere, and not once they are finished.</summary>
    private static long Grace(ResourceKind kind, JsonObject obj, long? asked)
    {
        if (kind is not { Group: "", Kind: "Pod" }) return 0;
        if (string.IsNullOrEmpty((string?)obj["spec"]?["nodeName"])) return 0;
        if ((string?)obj["status"]?["phase"] is "Succeeded" or "Failed") return 0;
        return asked ?? (long?)obj["spec"]?["terminationGracePeriodSeconds"] ?? 30;
    }

    private static void SetPropagationFinalizer(ResourceKind kind, JsonObject obj, string? propagation)
    {
        var all = ObjectMeta.Finalizers(obj);
        var finalizers = all.Where(f => f is not (ForegroundFinalizer or OrphanFinalizer)).ToList();
        // Where the request says nothing, a finalizer that is there already decides, and then the kind.
        if (propagation is null && kind.OrphansByDefault && finalizers.Count == all.Count) propagation = "Orphan";
        if (propagation is null) return;
        if (propagation == "Foreground") finalizers.Add(ForegroundFinalizer);
        if (propagation == "Orphan") finalizers.Add(OrphanFinalizer);
        ObjectMeta.SetFinalizers(obj, finalizers);
    }

    private static JsonObject Mark(ResourceKind kind, JsonObject obj, long grace, DateTimeOffset now, bool replace = false)
    {
        var metadata = ObjectMeta.Of(obj);
        if (metadata["deletionTimestamp"] is null || replace) metadata["deletionTimestamp"] = ObjectMeta.Timestamp(now + TimeSpan.FromSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
        if (kind is { Group: "", Kind: "Namespace" })
        {
            if (obj["status"] is not JsonObject status) obj["status"] = status = [];
            status["phase"] = "Terminating";
        }
        return obj;
    }

    private static WriteDecision.Put Put(ResourceKind kind, JsonObject obj, bool raise)
    {
        if (raise && kind.HasGeneration) ObjectMeta.RaiseGeneration(obj);
        return new WriteDecision.Put(obj, Created: false);
    }

    private static WriteDecision.Refuse Conflict(ResourceKind kind, string name, string why) => new(ApiStatus.Conflict(kind.GroupResource, name, why));
}
