using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Extensions;

/// <summary>CustomResourceDefinitions (apiextensions-apiserver's registry): defaults, the finalizer that keeps a definition until its objects are gone, validation.</summary>
internal sealed class DefinitionStrategy : RuledStrategy
{
    /// <summary>Keeps a definition until the objects it defines are gone.</summary>
    internal const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";

    internal DefinitionStrategy()
    {
        Defaults = Fill;
        Table = ClusterTables.Created;
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, FieldErrors errors) => DefinitionValidation.Validate(Field.Of(obj), Field.Of(null), errors);

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (subresource == "status") return;
        var (now, before) = (Field.Of(obj), Field.Of(old));
        DefinitionValidation.Validate(now, before, errors);
        DefinitionValidation.ValidateChange(now, before, errors);
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject obj)
    {
        obj["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(),
            ["acceptedNames"] = new JsonObject { ["plural"] = "", ["kind"] = "" },
            ["storedVersions"] = new JsonArray([.. Stored(obj).Select(n => (JsonNode)n)]),
        };
        var metadata = Writing.ObjectMeta.Of(obj);
        if (metadata["finalizers"] is not JsonArray finalizers) metadata["finalizers"] = finalizers = [];
        if (!finalizers.Any(f => (string?)f == Finalizer)) finalizers.Add((JsonNode)Finalizer);
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(obj, old, subresource);
        if (subresource.Length > 0 || obj["status"] is not JsonObject status) return;
        // Objects are stored in the new version from now on, so it is one of those that have been.
        if (status["storedVersions"] is not JsonArray versions) status["storedVersions"] = versions = [];
        foreach (var name in Stored(obj))
            if (!versions.Any(v => (string?)v == name)) versions.Add((JsonNode)name);
    }

    private static IEnumerable<string> Stored(JsonObject obj) =>
        (obj["spec"]?["versions"] as JsonArray ?? []).OfType<JsonObject>().Where(v => v["storage"] is JsonValue s && s.TryGetValue<bool>(out var stored) && stored).Select(v => (string?)v["name"] ?? "");

    private static void Fill(JsonObject obj)
    {
        if (obj["spec"] is not JsonObject spec) return;
        if (spec["names"] is JsonObject names && names["kind"] is JsonValue value && value.TryGetValue<string>(out var kind) && kind.Length > 0)
        {
            if (Missing(names, "singular")) names["singular"] = kind.ToLowerInvariant();
            if (Missing(names, "listKind")) names["listKind"] = kind + "List";
        }
        if (spec["conversion"] is not JsonObject conversion) spec["conversion"] = conversion = [];
        if (Missing(conversion, "strategy")) conversion["strategy"] = "None";
        if (conversion["webhook"]?["clientConfig"]?["service"] is JsonObject service && service["port"] is null) service["port"] = 443;
    }

    private static bool Missing(JsonObject json, string name) => string.IsNullOrEmpty((string?)json[name]);
}
