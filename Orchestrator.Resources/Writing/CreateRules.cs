using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Writing;

/// <summary>What happens to a new object before it is stored (k8s.io/apiserver registry/rest BeforeCreate).</summary>
public static class CreateRules
{
    /// <summary>
    /// Clears what clients may not set, resolves namespace and generateName, applies defaults and validates. The object is changed in place.
    /// Throws <see cref="StatusException"/> with upstream's refusals.
    /// </summary>
    public static void Prepare(ResourceKind kind, JsonObject obj, string requestNamespace)
    {
        var metadata = ObjectMeta.Of(obj);
        if (ObjectMeta.Get(obj, "resourceVersion").Length > 0)
            throw ApiStatus.BadRequest("resourceVersion should not be set on objects to be created").AsException();
        foreach (var field in (ReadOnlySpan<string>)["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"])
            metadata.Remove(field);
        Scope(kind, obj, requestNamespace);
        if (ObjectMeta.Get(obj, "name").Length == 0 && ObjectMeta.Get(obj, "generateName") is { Length: > 0 } prefix)
            metadata["name"] = GeneratedNames.FromPrefix(prefix, Random.Shared);
        kind.Strategy.PrepareForCreate(obj);
        if (kind.HasGeneration) metadata["generation"] = 1;
        kind.Strategy.Default(obj);
    }

    /// <summary>Validates a prepared object; separate from <see cref="Prepare"/> because admission runs between the two.</summary>
    public static void Validate(ResourceKind kind, JsonObject obj)
    {
        var errors = new FieldErrors();
        ObjectMetaValidation.Validate(obj, kind, errors);
        kind.Strategy.Validate(obj, errors);
        if (errors.Any) throw ApiStatus.Invalid(kind.GroupKind, NameOf(obj), errors.Causes).AsException();
    }

    /// <summary>The fields the object's actor adds at the moment of creation.</summary>
    public static void Stamp(JsonObject obj, string uid, DateTimeOffset now)
    {
        var metadata = ObjectMeta.Of(obj);
        metadata["uid"] = uid;
        metadata["creationTimestamp"] = ObjectMeta.Timestamp(now);
    }

    /// <summary>The object's namespace must be the request's, and is filled in where it is missing.</summary>
    public static void Scope(ResourceKind kind, JsonObject obj, string requestNamespace)
    {
        var metadata = ObjectMeta.Of(obj);
        if (!kind.Namespaced)
        {
            metadata.Remove("namespace");
            return;
        }
        var own = ObjectMeta.Get(obj, "namespace");
        if (own.Length > 0 && own != requestNamespace)
            throw ApiStatus.BadRequest($"the namespace of the provided object does not match the namespace sent on the request").AsException();
        metadata["namespace"] = requestNamespace;
    }

    private static string NameOf(JsonObject obj) =>
        ObjectMeta.Get(obj, "name") is { Length: > 0 } name ? name : ObjectMeta.Get(obj, "generateName");
}
