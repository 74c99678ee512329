using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// Validates a value against a <see cref="JsonSchema"/>, with the causes and words of apiextensions-apiserver over kube-openapi's validator.
/// </summary>
public static class SchemaValidation
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Adds what is wrong with <paramref name="value"/> at <paramref name="path"/> (empty for the whole object).</summary>
    public static void Validate(JsonNode? value, JsonSchema schema, string path, FieldErrors errors)
    {
        if (value is null)
        {
            if (!schema.Nullable && (schema.Type.Length > 0 || schema.IntOrString))
                errors.Invalid(path, "null", $"{path} in body must be of type {TypeName(schema)}: \"null\"");
            return;
        }
        if (!HasType(value, schema))
        {
            errors.Invalid(path, KindOf(value), $"{path} in body must be of type {TypeName(schema)}: \"{KindOf(value)}\"");
            return;
        }
        switch (value)
        {
            case JsonObject obj: Object(obj, schema, path, errors); break;
            case JsonArray list: List(list, schema, path, errors); break;
            case JsonValue scalar: Scalar(scalar, schema, path, errors); break;
        }
        if (schema.Enum is { Count: > 0 } allowed && !allowed.Any(a => JsonNode.DeepEquals(a, value)))
            errors.NotSupported(path, Plain(value), allowed.Select(a => a is JsonValue v && v.TryGetValue<string>(out var text) ? text : a?.ToJsonString(Relaxed) ?? "null"));
        Combined(value, schema, path, errors);
    }

    /// <summary>Whether a value satisfies a schema.</summary>
    public static bool Holds(JsonNode? value, JsonSchema schema)
    {
        var errors = new FieldErrors();
        Validate(value, schema, "", errors);
        return !errors.Any;
    }

    private static void Object(JsonObject obj, JsonSchema schema, string path, FieldErrors errors)
    {
        foreach (var name in schema.Required)
            if (!obj.ContainsKey(name)) errors.Required(Child(path, name));
        if (schema.Number("maxProperties") is { } most && obj.Count > most) errors.TooMany(path, obj.Count, (int)most);
        if (schema.Number("minProperties") is { } least && obj.Count < least) errors.Invalid(path, Plain(obj), $"{path} in body should have at least {Text(least)} properties");
        foreach (var (name, value) in obj)
        {
            if (schema.Properties.TryGetValue(name, out var property)) Validate(value, property, Child(path, name), errors);
            else if (schema.AdditionalProperties is { } more) Validate(value, more, Child(path, name), errors);
            else if (schema.AllowsAdditional == false && !(path.Length == 0 && name is "apiVersion" or "kind" or "metadata")) errors.Invalid(Child(path, name), Plain(value), $"{Child(path, name)} in body is a forbidden property");
        }
        if (schema.EmbeddedResource) Embedded(obj, path, errors);
    }

    private static void Embedded(JsonObject obj, string path, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind"])
            if (obj[name] is not JsonValue text || !text.TryGetValue<string>(out var given) || given.Length == 0) errors.Required(Child(path, name), "must not be empty");
    }

    private static void List(JsonArray list, JsonSchema schema, string path, FieldErrors errors)
    {
        if (schema.Number("maxItems") is { } most && list.Count > most) errors.TooMany(path, list.Count, (int)most);
        if (schema.Number("minItems") is { } least && list.Count < least) errors.Invalid(path, list.Count, $"{path} in body should have at least {Text(least)} items");
        if (schema.Flag("uniqueItems") && list.Where((item, i) => list.Take(i).Any(earlier => JsonNode.DeepEquals(earlier, item))).Any())
            errors.Invalid(path, Plain(list), $"{path} in body shouldn't contain duplicates");
        for (var i = 0; schema.Items is not null && i < list.Count; i++) Validate(list[i], schema.Items, $"{path}[{i}]", errors);
        Duplicates(list, schema, path, errors);
    }

    private static void Duplicates(JsonArray list, JsonSchema schema, string path, FieldErrors errors)
    {
        if (schema.ListType is not ("set" or "map")) return;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            JsonNode? identity = list[i];
            if (schema.ListType == "map" && list[i] is JsonObject item)
            {
                var keys = new JsonObject();
                foreach (var key in schema.ListMapKeys)
                    if (item.TryGetPropertyValue(key, out var value)) keys[key] = value?.DeepClone();
                identity = keys;
            }
            if (!seen.Add(identity?.ToJsonString(Relaxed) ?? "null")) errors.Duplicate($"{path}[{i}]", Plain(identity));
        }
    }

    private static void Scalar(JsonValue value, JsonSchema schema, string path, FieldErrors errors)
    {
        if (value.GetValueKind() == JsonValueKind.String)
        {
            var text = value.GetValue<string>();
            var length = text.EnumerateRunes().Count();
            if (schema.Number("maxLength") is { } longest && length > longest) errors.TooLong(path, (int)longest);
            if (schema.Number("minLength") is { } shortest && length < shortest) errors.Invalid(path, text, $"{path} in body should be at least {Text(shortest)} chars long");
            if (schema.Pattern is { } pattern && !Matches(pattern, text)) errors.Invalid(path, text, $"{path} in body should match '{pattern}'");
            if (schema.Format.Length > 0 && !SchemaFormats.Matches(schema.Format, text)) errors.Invalid(path, text, $"{path} in body must be of type {schema.Format}: \"{text}\"");
            return;
        }
        if (JsonSchema.NumberOf(value) is not { } number) return;
        if (schema.Number("minimum") is { } low && (number < low || (schema.Flag("exclusiveMinimum") && number == low)))
            errors.Invalid(path, Plain(value), $"{path} in body should be greater than{(schema.Flag("exclusiveMinimum") ? "" : " or equal to")} {Text(low)}");
        if (schema.Number("maximum") is { } high && (number > high || (schema.Flag("exclusiveMaximum") && number == high)))
            errors.Invalid(path, Plain(value), $"{path} in body should be less than{(schema.Flag("exclusiveMaximum") ? "" : " or equal to")} {Text(high)}");
        if (schema.Number("multipleOf") is { } step and > 0 && Math.Abs(number / step - Math.Round(number / step)) > 1e-9)
            errors.Invalid(path, Plain(value), $"{path} in body should be a multiple of {Text(step)}");
    }

    private static bool Matches(Regex pattern, string text)
    {
        try
        {
            return pattern.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            // A pattern that takes this long on this text has not been shown to match.
            return false;
        }
    }

    private static void Combined(JsonNode value, JsonSchema schema, string path, FieldErrors errors)
    {
        foreach (var all in schema.AllOf) Validate(value, all, path, errors);
        if (schema.AnyOf.Count > 0 && !schema.AnyOf.Any(s => Holds(value, s))) errors.Invalid(path, Plain(value), $"{path} in body must validate at least one schema (anyOf)");
        if (schema.OneOf.Count > 0 && schema.OneOf.Count(s => Holds(value, s)) != 1) errors.Invalid(path, Plain(value), $"{path} in body must validate one and only one schema (oneOf)");
        if (schema.Not is { } not && Holds(value, not)) errors.Invalid(path, Plain(value), $"{path} in body must not validate the schema (not)");
    }

    private static bool HasType(JsonNode value, JsonSchema schema)
    {
        if (schema.IntOrString) return KindOf(value) is "string" or "integer";
        return schema.Type switch
        {
            "" => true,
            "number" => KindOf(value) is "number" or "integer",
            _ => KindOf(value) == schema.Type,
        };
    }

    private static string TypeName(JsonSchema schema) => schema.IntOrString ? "integer,string" : schema.Type;

    private static string KindOf(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => JsonSchema.NumberOf(value) is { } number && number == Math.Truncate(number) ? "integer" : "number",
        _ => "boolean",
    };

    private static object? Plain(JsonNode? value) => value switch
    {
        null => null,
        JsonValue scalar when scalar.TryGetValue<string>(out var text) => text,
        _ => new Json(value.ToJsonString(Relaxed)),
    };

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Child(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private sealed record Json(string Text)
    {
        public override string ToString() => Text;
    }
}
