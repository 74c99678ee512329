using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Validation;

/// <summary>Reporting errors at a <see cref="Field"/>.</summary>
public static class FieldErrorsAtField
{
    /// <summary>The field is missing or empty.</summary>
    public static void Required(this FieldErrors errors, Field field, string detail = "") => errors.Required(field.Path.ToString(), detail);

    /// <summary>The field's value is wrong; the value is shown.</summary>
    public static void Invalid(this FieldErrors errors, Field field, string detail) => errors.Invalid(field.Path.ToString(), field.Value, detail);

    /// <summary>The field's value is wrong in each of the ways listed.</summary>
    public static void Invalid(this FieldErrors errors, Field field, IReadOnlyList<string> details)
    {
        for (var i = 0; i < details.Count; i++) errors.Invalid(field, details[i]);
    }

    /// <summary>The field may not be set or changed.</summary>
    public static void Forbidden(this FieldErrors errors, Field field, string detail) => errors.Forbidden(field.Path.ToString(), detail);

    /// <summary>The field's value is none of an enumeration's.</summary>
    public static void NotSupported(this FieldErrors errors, Field field, IEnumerable<string> supported) =>
        errors.NotSupported(field.Path.ToString(), field.Value, supported);

    /// <summary>The value stands twice.</summary>
    public static void Duplicate(this FieldErrors errors, Field field) => errors.Duplicate(field.Path.ToString(), field.Value);

    /// <summary>What is referred to does not exist.</summary>
    public static void NotFound(this FieldErrors errors, Field field) => errors.NotFound(field.Path.ToString(), field.Value);

    /// <summary>Required where empty, unsupported where not one of <paramref name="supported"/>.</summary>
    public static void OneOf(this FieldErrors errors, Field field, params IReadOnlyList<string> supported)
    {
        if (field.Text.Length == 0) errors.Required(field);
        else if (!supported.Contains(field.Text)) errors.NotSupported(field, supported);
    }

    /// <summary>Refuses a negative number.</summary>
    public static void NonNegative(this FieldErrors errors, Field field)
    {
        if (field.Number < 0) errors.Invalid(field, "must be greater than or equal to 0");
    }

    /// <summary>Refuses any change of a field.</summary>
    public static void Immutable(this FieldErrors errors, Field now, Field before)
    {
        if (!SameValue(now.Node, before.Node)) errors.Invalid(now, "field is immutable");
    }

    /// <summary>Equal JSON, where nothing, null, and an empty list or map count as the same, as upstream's semantic comparison has it.</summary>
    public static bool SameValue(JsonNode? a, JsonNode? b) => (IsEmpty(a) && IsEmpty(b)) || JsonNode.DeepEquals(a, b);

    private static bool IsEmpty(JsonNode? node) => node is null or JsonArray { Count: 0 } or JsonObject { Count: 0 };
}
