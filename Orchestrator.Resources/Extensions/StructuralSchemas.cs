using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Extensions;

/// <summary>What a definition's schema must be (apiextensions-apiserver pkg/apiserver/schema: structural), so that pruning and defaulting are well defined.</summary>
internal static class StructuralSchemas
{
    private static readonly string[] Unsupported = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];
    private static readonly string[] OnlyStructural = ["type", "additionalProperties", "default", "title", "description", "nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-validations"];

    /// <summary>Reports what is wrong with a schema. <paramref name="known"/>: it was there before, so no rule in it is refused for what it may cost.</summary>
    internal static void Validate(JsonObject schema, string path, bool known, FieldErrors errors)
    {
        var before = errors.Causes.Count;
        JsonSchema parsed;
        try
        {
            parsed = JsonSchema.Parse(schema);
        }
        catch (ArgumentException e)
        {
            errors.Invalid($"{path}.pattern", "", $"must be a valid regular expression, but isn't: {e.Message}");
            return;
        }
        if (parsed.Type.Length == 0) errors.Required($"{path}.type", "must not be empty at the root");
        else if (parsed.Type != "object") errors.Invalid($"{path}.type", parsed.Type, "must be object at the root");
        if (parsed.Nullable) errors.Forbidden($"{path}.nullable", "nullable cannot be true at the root");
        if (parsed.AdditionalProperties is not null) errors.Forbidden($"{path}.additionalProperties", "must not be used at the root");
        Node(parsed, path, errors);
        if (errors.Causes.Count == before) SchemaRuleCosts.Check(parsed, path, known, errors);
        SchemaRules.Compile(parsed, path, errors);
    }

    private static void Node(JsonSchema schema, string path, FieldErrors errors)
    {
        var json = schema.Json;
        foreach (var keyword in Unsupported)
            if (json[keyword] is not null) errors.Forbidden($"{path}.{keyword}", $"{keyword} is not supported");
        if (schema.Type.Length > 0 && !Types.Contains(schema.Type)) errors.NotSupported($"{path}.type", schema.Type, Types);
        if (schema.Flag("uniqueItems")) errors.Forbidden($"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        if (schema.Properties.Count > 0 && schema.AdditionalProperties is not null) errors.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive");
        if (json["items"] is JsonArray) errors.Forbidden($"{path}.items", "items must be a schema object and not an array");
        if (schema.Type == "array" && schema.Items is null) errors.Required($"{path}.items", "must be specified");
        if (json["x-kubernetes-preserve-unknown-fields"] is JsonValue keep && keep.TryGetValue<bool>(out var kept) && !kept)
            errors.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", false, "must be true or undefined");
        if (schema.EmbeddedResource) Embedded(schema, path, errors);
        if (schema.IntOrString && schema.Type.Length > 0) errors.Forbidden($"{path}.type", "must be empty if x-kubernetes-int-or-string is true");
        Lists(schema, path, errors);
        if (schema.Default is { } value) Default(schema, value, path, errors);

        foreach (var (name, property) in schema.Properties)
        {
            var at = $"{path}.properties[{name}]";
            if (!HasType(property)) errors.Required($"{at}.type", "must not be empty for specified object fields");
            Node(property, at, errors);
        }
        if (schema.Items is { } items)
        {
            if (!HasType(items)) errors.Required($"{path}.items.type", "must not be empty for specified array items");
            Node(items, $"{path}.items", errors);
        }
        if (schema.AdditionalProperties is { } more)
        {
            if (!HasType(more)) errors.Required($"{path}.additionalProperties.type", "must not be empty for specified object fields");
            Node(more, $"{path}.additionalProperties", errors);
        }
        foreach (var (keyword, list) in new[] { ("allOf", schema.AllOf), ("anyOf", schema.AnyOf), ("oneOf", schema.OneOf) })
            for (var i = 0; i < list.Count; i++) Nested(list[i], $"{path}.{keyword}[{i}]", schema.IntOrString, errors);
        if (schema.Not is { } not) Nested(not, $"{path}.not", false, errors);
    }

    private static bool HasType(JsonSchema schema) => schema.Type.Length > 0 || schema.IntOrString || schema.PreserveUnknown;

    private static void Embedded(JsonSchema schema, string path, FieldErrors errors)
    {
        if (schema.Type.Length == 0) errors.Required($"{path}.type", "must be object if x-kubernetes-embedded-resource is true");
        else if (schema.Type != "object") errors.Invalid($"{path}.type", schema.Type, "must be object if x-kubernetes-embedded-resource is true");
        if (schema.AdditionalProperties is not null) errors.Forbidden($"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set");
        if (schema.Properties.Count == 0 && !schema.PreserveUnknown)
            errors.Required($"{path}.properties", "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
    }

    private static void Lists(JsonSchema schema, string path, FieldErrors errors)
    {
        if (schema.MapType is not null && schema.Type != "object") errors.Required($"{path}.type", "must be object if x-kubernetes-map-type is specified");
        if (schema.MapType is not (null or "atomic" or "granular")) errors.NotSupported($"{path}.x-kubernetes-map-type", schema.MapType, ["atomic", "granular"]);
        if (schema.ListType is not null && schema.Type != "array") errors.Required($"{path}.type", "must be array if x-kubernetes-list-type is specified");
        if (schema.ListType is not (null or "atomic" or "set" or "map")) errors.NotSupported($"{path}.x-kubernetes-list-type", schema.ListType, ["atomic", "map", "set"]);
        if (schema.ListMapKeys.Count > 0 && schema.ListType != "map") errors.Required($"{path}.x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty");
        if (schema.ListType != "map") return;
        if (schema.ListMapKeys.Count == 0) errors.Required($"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map");
        if (schema.Items is not { } items) return;
        if (items.Type != "object") errors.Invalid($"{path}.items.type", items.Type, "must be object if parent array's x-kubernetes-list-type is map");
        foreach (var key in schema.ListMapKeys)
        {
            if (!items.Properties.TryGetValue(key, out var property))
            {
                errors.Invalid($"{path}.x-kubernetes-list-map-keys", string.Join(",", schema.ListMapKeys), "entries must all be names of item properties");
                continue;
            }
            if (property.Type is "object" or "array") errors.Invalid($"{path}.items.properties[{key}].type", property.Type, "must be a scalar type if parent array's x-kubernetes-list-type is map");
            if (property.Default is null && !items.Required.Contains(key, StringComparer.Ordinal))
                errors.Required($"{path}.items.properties[{key}].default", "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
        }
    }

    private static void Default(JsonSchema schema, JsonNode value, string path, FieldErrors errors)
    {
        var wrong = new FieldErrors();
        SchemaValidation.Validate(value, schema, $"{path}.default", wrong);
        foreach (var cause in wrong.Causes) errors.Add(cause);
    }

    /// <summary>Below a combination only value validation may stand.</summary>
    private static void Nested(JsonSchema schema, string path, bool intOrString, FieldErrors errors)
    {
        foreach (var keyword in OnlyStructural)
        {
            // int-or-string is spelled as anyOf: [{type: integer}, {type: string}] by many generators.
            if (schema.Json[keyword] is null || (keyword == "type" && intOrString)) continue;
            errors.Forbidden($"{path}.{keyword}", keyword switch { "nullable" or "x-kubernetes-preserve-unknown-fields" or "x-kubernetes-embedded-resource" or "x-kubernetes-int-or-string" => "must be false to be structural", "type" or "title" or "description" or "x-kubernetes-list-map-keys" or "x-kubernetes-validations" => "must be empty to be structural", _ => "must be undefined to be structural" });
        }
        foreach (var (name, property) in schema.Properties) Nested(property, $"{path}.properties[{name}]", false, errors);
        if (schema.Items is { } items) Nested(items, $"{path}.items", false, errors);
        foreach (var nested in schema.AllOf.Concat(schema.AnyOf).Concat(schema.OneOf)) Nested(nested, path, intOrString, errors);
        if (schema.Not is { } not) Nested(not, $"{path}.not", false, errors);
    }
}
