using System.Text.Json.Nodes;
using Orchestrator.Resources.Apply;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Writing;

/// <summary>Server-side apply of a configuration to a stored object, or to none (the patch handler's applyPatcher and registry/generic's create on update).</summary>
public static class ApplyRules
{
    /// <summary>
    /// The configuration (YAML or JSON) as an object of the kind; for <c>scale</c> a Scale becomes the fields of the object that it stands for. Throws
    /// <see cref="StatusException"/> 400 for what is none, or is another object's.
    /// </summary>
    public static JsonObject Decode(ResourceKind kind, string subresource, ReadOnlySpan<byte> body, ResourceKey key, FieldValidation validation, List<string> warnings)
    {
        var target = subresource == "scale" ? PatchRules.Target.Scale : PatchRules.Target.Of(kind);
        var config = YamlDecoder.Decode(body, SchemaCatalog.Default.Find(target.SchemaName), validation, warnings);
        var (name, ns) = (ObjectMeta.Get(config, "name"), ObjectMeta.Get(config, "namespace"));
        if (name.Length > 0 && name != key.Name) throw ApiStatus.BadRequest($"the name of the object ({name}) does not match the name on the URL ({key.Name})").AsException();
        if (ns.Length > 0 && ns != key.Namespace)
            throw ApiStatus.BadRequest("the namespace of the provided object does not match the namespace sent on the request").AsException();
        if (subresource != "scale") return config;
        var scaled = new JsonObject { ["kind"] = kind.Kind, ["apiVersion"] = kind.ApiVersion, ["metadata"] = config["metadata"]?.DeepClone() };
        return config["spec"]?["replicas"] is { } replicas ? ScaleRules.SetReplicas(kind, scaled, (int)replicas) : scaled;
    }

    /// <summary>The object that a configuration makes where there is none yet; it goes on like any new object. Throws 409 where the configuration means a certain object.</summary>
    public static JsonObject Create(ResourceKind kind, JsonObject config, string manager, bool force, DateTimeOffset now)
    {
        var (name, uid) = (ObjectMeta.Get(config, "name"), ObjectMeta.Get(config, "uid"));
        if (uid.Length > 0)
            throw ApiStatus.Conflict(kind.GroupResource, name, $"uid mismatch: the provided object specified uid {uid}, and no existing object was found").AsException();
        // Nobody has an entry yet that could name another version.
        return FieldManager.Apply(kind, SchemaCatalog.Default.Find(kind.SchemaName), [], config, manager, "", force, now, default);
    }

    /// <summary>What an apply makes of <paramref name="old"/> (without resourceVersion), before the update rules. Throws 409 for conflicts, and as <see cref="FieldManager.Apply"/>.</summary>
    public static JsonObject Merge(ResourceKind kind, JsonObject old, JsonObject config, string manager, string subresource, bool force, DateTimeOffset now, KindVersions versions) =>
        FieldManager.Apply(kind, SchemaCatalog.Default.Find(kind.SchemaName), old, config, manager, subresource, force, now, versions);

    /// <summary>Decides on the result of <see cref="Merge"/>, for an object at <paramref name="version"/>.</summary>
    public static WriteDecision Decide(ResourceKind kind, JsonObject applied, JsonObject old, long version, string subresource)
    {
        // The update rules are about what clients send; this list is ours.
        var managers = ObjectMeta.Of(applied)["managedFields"];
        ObjectMeta.Of(applied).Remove("managedFields");
        var decision = UpdateRules.Decide(kind, applied, old, version, subresource);
        if (decision is not WriteDecision.Put put) return decision;
        if (managers is null) ObjectMeta.Of(put.Object).Remove("managedFields");
        else ObjectMeta.Of(put.Object)["managedFields"] = managers;
        return put with { Track = null };
    }
}
