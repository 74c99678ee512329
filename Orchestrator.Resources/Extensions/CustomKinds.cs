using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Extensions;

/// <summary>A version of a custom kind: its entry for the catalogue of kinds, and its type for the schema.</summary>
public sealed record CustomKind(ResourceKind Kind, SchemaType Type);

/// <summary>Turns a CustomResourceDefinition into what serves its objects.</summary>
public static class CustomKinds
{
    private static readonly string[] Bookkeeping = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

    /// <summary>
    /// The versions of an established definition, those that are not served among them, since objects may be stored in them: the one that objects are stored in now first. The names are those
    /// accepted in its status.
    /// </summary>
    public static IReadOnlyList<CustomKind> Of(JsonObject definition, SchemaCatalog catalog)
    {
        var spec = definition["spec"]!.AsObject();
        var versions = (spec["versions"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        var stored = versions.FirstOrDefault(v => Flag(v, "storage"));
        var shared = new Shared(
            $"{Text(spec, "group")}/{Text(stored, "name")}",
            versions.ToDictionary(v => $"{Text(spec, "group")}/{Text(v, "name")}", v => JsonSchema.Parse(v["schema"]?["openAPIV3Schema"] as JsonObject ?? []), StringComparer.Ordinal),
            ConversionWebhook.Of(spec["conversion"] as JsonObject));
        return [.. versions.OrderBy(v => ReferenceEquals(v, stored) ? 0 : 1).ThenBy(v => Text(v, "name"), KubeVersions.NewestFirst).Select(v => Version(definition, v, shared, catalog))];
    }

    /// <summary>Whether two states of an established definition serve the same in the same way.</summary>
    public static bool ServeAlike(JsonObject before, JsonObject after) =>
        JsonNode.DeepEquals(before["spec"], after["spec"]) && JsonNode.DeepEquals(before["status"]?["acceptedNames"], after["status"]?["acceptedNames"]);

    /// <summary>The name of a version's type in the schema: the group reversed, the version, the kind.</summary>
    internal static string SchemaName(string group, string version, string kind) => $"{string.Join('.', group.Split('.').Reverse())}.{version}.{kind}";

    private sealed record Shared(string StoredVersion, Dictionary<string, JsonSchema> Schemas, ConversionWebhook? Webhook);

    private static CustomKind Version(JsonObject definition, JsonObject version, Shared shared, SchemaCatalog catalog)
    {
        var spec = definition["spec"]!.AsObject();
        var names = definition["status"]?["acceptedNames"] as JsonObject is { Count: > 0 } accepted && Text(accepted, "plural").Length > 0 ? accepted : spec["names"]!.AsObject();
        var (group, name, kind) = (Text(spec, "group"), Text(version, "name"), Text(names, "kind"));
        var schema = shared.Schemas[$"{group}/{name}"];
        var subresources = version["subresources"] as JsonObject;
        var type = CustomTypes.Root(SchemaName(group, name, kind), $"{group}/{name}", schema, PublishedSchema.Of(schema), catalog);
        var hasStatus = subresources?["status"] is JsonObject;
        var scale = subresources?["scale"] as JsonObject;
        List<string> served = [];
        if (scale is not null) served.Add("scale");
        if (hasStatus) served.Add("status");
        return new CustomKind(new ResourceKind
        {
            Group = group,
            Version = name,
            Kind = kind,
            ListKind = Text(names, "listKind") is { Length: > 0 } list ? list : kind + "List",
            Plural = Text(names, "plural"),
            Singular = Text(names, "singular") is { Length: > 0 } singular ? singular : kind.ToLowerInvariant(),
            ShortNames = Texts(names, "shortNames"),
            Categories = Texts(names, "categories"),
            Namespaced = Text(spec, "scope") == "Namespaced",
            Subresources = served,
            Verbs = Bookkeeping,
            SchemaName = type.Name,
            HasGeneration = true,
            IsCustom = true,
            Served = Flag(version, "served"),
            Deprecation = Flag(version, "deprecated") ? Text(version, "deprecationWarning") is { Length: > 0 } warning ? warning : $"{group}/{name} {kind} is deprecated" : null,
            Conversion = new CustomConversion($"{group}/{name}", shared.StoredVersion, type.Name, shared.Schemas, shared.Webhook),
            Scale = scale is null ? ScalePaths.BuiltIn : new ScalePaths(Path(scale, "specReplicasPath"), Path(scale, "statusReplicasPath"), Path(scale, "labelSelectorPath")),
            Strategy = new CustomResourceStrategy(schema, hasStatus, Columns(version), Selectable(version)),
        }, type);
    }

    private static TableLayout Columns(JsonObject version)
    {
        if (version["additionalPrinterColumns"] is not JsonArray { Count: > 0 } columns) return TableLayout.Plain;
        var layout = TableLayout.Named();
        foreach (var column in columns.OfType<JsonObject>())
        {
            var path = JsonPath.Parse(Text(column, "jsonPath"));
            var type = Text(column, "type");
            var priority = (int)(JsonSchema.NumberOf(column["priority"]) ?? 0);
            layout.Add(new TableColumn(Text(column, "name"), type, Text(column, "format"), Text(column, "description") is { Length: > 0 } text ? text : $"Custom resource definition column (in JSONPath format): {Text(column, "jsonPath")}", priority),
                (obj, now) => Cell(path.Find(obj.Node!), type, now));
        }
        return layout;
    }

    private static JsonNode? Cell(IReadOnlyList<JsonNode> found, string type, DateTimeOffset now)
    {
        if (found.Count == 0) return null;
        switch (type)
        {
            case "date": return TableLayout.Since(Field.Of(found[0]), now);
            case "integer": return JsonSchema.NumberOf(found[0]) is { } whole ? (long)whole : null;
            case "number": return JsonSchema.NumberOf(found[0]) is { } number ? number : null;
            case "boolean": return found[0] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;
            default: return string.Join(',', found.Select(JsonPath.Text));
        }
    }

    private static IReadOnlyList<(string, JsonPath)> Selectable(JsonObject version) =>
        [.. (version["selectableFields"] as JsonArray ?? []).OfType<JsonObject>().Select(f => (Text(f, "jsonPath").TrimStart('.'), JsonPath.Parse(Text(f, "jsonPath"))))];

    private static IReadOnlyList<string> Path(JsonObject scale, string name) => Text(scale, name).Split('.', StringSplitOptions.RemoveEmptyEntries);

    private static string Text(JsonObject? json, string name) => json?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static bool Flag(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    private static IReadOnlyList<string> Texts(JsonObject json, string name) => [.. (json[name] as JsonArray ?? []).Select(v => (string?)v ?? "")];
}
