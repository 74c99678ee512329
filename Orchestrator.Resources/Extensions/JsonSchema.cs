using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// A parsed <c>openAPIV3Schema</c> (apiextensions/v1 JSONSchemaProps): the keywords that decoding, defaulting, validation and apply ask for. Immutable.
/// </summary>
public sealed class JsonSchema
{
    private static readonly TimeSpan MatchDeadline = TimeSpan.FromSeconds(1);

    private JsonSchema(JsonObject json)
    {
        Json = json;
        Type = Text(json, "type");
        Format = Text(json, "format");
        Nullable = Flag(json, "nullable");
        PreserveUnknown = Flag(json, "x-kubernetes-preserve-unknown-fields");
        EmbeddedResource = Flag(json, "x-kubernetes-embedded-resource");
        IntOrString = Flag(json, "x-kubernetes-int-or-string");
        ListType = Text(json, "x-kubernetes-list-type") is { Length: > 0 } list ? list : null;
        ListMapKeys = Texts(json, "x-kubernetes-list-map-keys");
        MapType = Text(json, "x-kubernetes-map-type") is { Length: > 0 } map ? map : null;
        Properties = Children(json, "properties");
        Items = json["items"] is JsonObject items ? new JsonSchema(items) : null;
        AdditionalProperties = json["additionalProperties"] is JsonObject more ? new JsonSchema(more) : null;
        AllowsAdditional = json["additionalProperties"] is JsonValue allowed && allowed.TryGetValue<bool>(out var all) ? all : null;
        Required = Texts(json, "required");
        Enum = json["enum"] as JsonArray;
        Default = json["default"];
        AllOf = List(json, "allOf");
        AnyOf = List(json, "anyOf");
        OneOf = List(json, "oneOf");
        Not = json["not"] is JsonObject not ? new JsonSchema(not) : null;
        Rules = [.. (json["x-kubernetes-validations"] as JsonArray ?? []).OfType<JsonObject>()];
        if (Text(json, "pattern") is { Length: > 0 } pattern) Pattern = new Regex(pattern, RegexOptions.CultureInvariant, MatchDeadline);
        HasDefaults = Default is not null || Items?.HasDefaults == true || AdditionalProperties?.HasDefaults == true || Properties.Values.Any(p => p.HasDefaults);
    }

    /// <summary>Parses a schema. Throws <see cref="ArgumentException"/> for a pattern that is none.</summary>
    public static JsonSchema Parse(JsonObject json) => new(json.DeepClone().AsObject());

    /// <summary>The schema as it was given.</summary>
    public JsonObject Json { get; }

    /// <summary><c>object</c>, <c>array</c>, <c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c>, or empty for any.</summary>
    public string Type { get; }

    /// <summary>A format of strings and numbers, or empty.</summary>
    public string Format { get; }

    /// <summary>null is a value.</summary>
    public bool Nullable { get; }

    /// <summary>Undeclared fields are kept.</summary>
    public bool PreserveUnknown { get; }

    /// <summary>An object with apiVersion, kind and metadata of its own.</summary>
    public bool EmbeddedResource { get; }

    /// <summary>An integer or a string.</summary>
    public bool IntOrString { get; }

    /// <summary>How apply divides a list, or null for as a whole.</summary>
    public string? ListType { get; }

    /// <summary>Keys of a map list.</summary>
    public IReadOnlyList<string> ListMapKeys { get; }

    /// <summary><c>atomic</c>, <c>granular</c> or null.</summary>
    public string? MapType { get; }

    /// <summary>Declared fields.</summary>
    public IReadOnlyDictionary<string, JsonSchema> Properties { get; }

    /// <summary>List items, or null.</summary>
    public JsonSchema? Items { get; }

    /// <summary>Values of undeclared keys, or null.</summary>
    public JsonSchema? AdditionalProperties { get; }

    /// <summary>Whether undeclared keys are allowed at all, where the schema says it as a boolean; else null.</summary>
    public bool? AllowsAdditional { get; }

    /// <summary>Fields that must be there.</summary>
    public IReadOnlyList<string> Required { get; }

    /// <summary>Allowed values, or null.</summary>
    public JsonArray? Enum { get; }

    /// <summary>The default, or null.</summary>
    public JsonNode? Default { get; }

    /// <summary>All must hold.</summary>
    public IReadOnlyList<JsonSchema> AllOf { get; }

    /// <summary>One at least must hold.</summary>
    public IReadOnlyList<JsonSchema> AnyOf { get; }

    /// <summary>Exactly one must hold.</summary>
    public IReadOnlyList<JsonSchema> OneOf { get; }

    /// <summary>Must not hold.</summary>
    public JsonSchema? Not { get; }

    /// <summary>A string's pattern, or null.</summary>
    public Regex? Pattern { get; }

    /// <summary>CEL rules (<c>x-kubernetes-validations</c>), as given.</summary>
    public IReadOnlyList<JsonObject> Rules { get; }

    /// <summary>Whether anything in it has a default.</summary>
    public bool HasDefaults { get; }

    /// <summary>A numeric keyword such as <c>minimum</c>, or null.</summary>
    public double? Number(string keyword) => NumberOf(Json[keyword]);

    /// <summary>A number whatever it is held as, or null for what is none.</summary>
    internal static double? NumberOf(JsonNode? node) => node is not JsonValue value ? null
        : value.TryGetValue<double>(out var real) ? real
        : value.TryGetValue<long>(out var whole) ? whole
        : value.TryGetValue<int>(out var small) ? small : null;

    /// <summary>A boolean keyword.</summary>
    public bool Flag(string keyword) => Flag(Json, keyword);

    private static Dictionary<string, JsonSchema> Children(JsonObject json, string name)
    {
        var result = new Dictionary<string, JsonSchema>(StringComparer.Ordinal);
        foreach (var (key, value) in json[name] as JsonObject ?? [])
            if (value is JsonObject schema) result[key] = new JsonSchema(schema);
        return result;
    }

    private static List<JsonSchema> List(JsonObject json, string name) => [.. (json[name] as JsonArray ?? []).OfType<JsonObject>().Select(s => new JsonSchema(s))];

    private static string Text(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static bool Flag(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    private static IReadOnlyList<string> Texts(JsonObject json, string name) =>
        [.. (json[name] as JsonArray ?? []).Select(v => v is JsonValue value && value.TryGetValue<string>(out var text) ? text : "")];
}
