using System.Text.Json.Nodes;
using Orchestrator.Resources.Apply;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Writing;

/// <summary>What happens to a changed object before it is stored (k8s.io/apiserver registry/rest BeforeUpdate and registry/generic Update).</summary>
public static class UpdateRules
{
    private static readonly string[] ServerFields =
        ["name", "generateName", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

    /// <summary>
    /// Decides an update of <paramref name="old"/> (without resourceVersion) at <paramref name="version"/> to <paramref name="obj"/>, which is decoded, and
    /// may be changed in place. A resourceVersion or uid in <paramref name="obj"/> is a precondition.
    /// </summary>
    public static WriteDecision Decide(ResourceKind kind, JsonObject obj, JsonObject old, long version, string subresource)
    {
        var name = ObjectMeta.Get(old, "name");
        if (Precondition(kind, obj, old, version, name) is { } refusal) return new WriteDecision.Refuse(refusal);

        var metadata = ObjectMeta.Of(obj);
        metadata.Remove("resourceVersion");
        metadata.Remove("selfLink");
        var wasDeleting = ObjectMeta.IsDeleting(old);
        foreach (var field in ServerFields) ObjectMeta.Copy(old, obj, field);
        ManagedFields.Choose(obj, old, subresource);

        kind.Strategy.PrepareForUpdate(obj, old, subresource);
        kind.Strategy.Default(obj);
        // Compared in the form that is stored: a client need not send the zero values that it holds (a container's empty resources, a template's creationTimestamp).
        if (subresource.Length == 0) obj = CanonicalJson.Normalize(obj, SchemaCatalog.Default.Find(kind.SchemaName));
        if (kind.HasGeneration && kind.Strategy.ChangesGeneration(obj, old)) ObjectMeta.RaiseGeneration(obj);

        var errors = new FieldErrors();
        ObjectMetaValidation.ValidateUpdate(obj, old, errors);
        kind.Strategy.ValidateUpdate(obj, old, subresource, errors);
        if (errors.Any) return new WriteDecision.Refuse(ApiStatus.Invalid(kind.GroupKind, name, errors.Causes));

        if (wasDeleting && DeleteRules.IsFinalized(kind, obj)) return new WriteDecision.Remove(obj);
        return new WriteDecision.Put(obj, Created: false) { Track = subresource };
    }

    private static ApiStatus? Precondition(ResourceKind kind, JsonObject obj, JsonObject old, long version, string name)
    {
        var uid = ObjectMeta.Get(obj, "uid");
        var currentUid = ObjectMeta.Get(old, "uid");
        if (uid.Length > 0 && uid != currentUid)
            return ApiStatus.Conflict(kind.GroupResource, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {currentUid}");
        if (ReadVersion(obj, kind, name) is var (expected, refusal) && refusal is not null) return refusal;
        return expected is { } wanted && wanted != 0 && wanted != version
            ? ApiStatus.Conflict(kind.GroupResource, name, "the object has been modified; please apply your changes to the latest version and try again")
            : null;
    }

    private static (long? Version, ApiStatus? Refusal) ReadVersion(JsonObject obj, ResourceKind kind, string name)
    {
        var text = ObjectMeta.Get(obj, "resourceVersion");
        try
        {
            return (ResourceVersionSplice.Parse(text), null);
        }
        catch (FormatException)
        {
            var errors = new FieldErrors();
            errors.Invalid("metadata.resourceVersion", text, "must be an unsigned decimal number");
            return (null, ApiStatus.Invalid(kind.GroupKind, name, errors.Causes));
        }
    }
}
