using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Validation;

/// <summary>
/// A place in an object's JSON: the value there, which may be absent, and its path. Absent values read as Go's zero values, so that
/// rules can be written as upstream's are; <see cref="Exists"/> tells a pointer that is set from one that is not. JSON of the wrong
/// type (which decoding refuses earlier) reads as absent.
/// </summary>
public readonly struct Field(JsonNode? node, FieldPath path)
{
    /// <summary>The value, or null.</summary>
    public JsonNode? Node { get; } = node;

    /// <summary>Where this is.</summary>
    public FieldPath Path { get; } = path;

    /// <summary>The object as a whole.</summary>
    public static Field Of(JsonNode? root) => new(root, FieldPath.Root);

    /// <summary>A field of this object.</summary>
    public Field this[string name] => new((Node as JsonObject)?[name], Path.Child(name));

    /// <summary>Whether anything but null stands here.</summary>
    public bool Exists => Node is not null;

    /// <summary>The string here, or empty.</summary>
    public string Text => AsText(Node) ?? "";

    /// <summary>The integer here, or zero.</summary>
    public long Number => Node is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? AsNumber(value) : 0;

    /// <summary>Whether <c>true</c> stands here.</summary>
    public bool Flag => Node?.GetValueKind() == JsonValueKind.True;

    /// <summary>Whether a string stands here (of an int-or-string).</summary>
    public bool IsText => Node?.GetValueKind() == JsonValueKind.String;

    /// <summary>Number of entries of the list or map here, or zero.</summary>
    public int Count => Node switch { JsonArray array => array.Count, JsonObject obj => obj.Count, _ => 0 };

    /// <summary>The list's entries; none where there is no list.</summary>
    public IEnumerable<Field> Items
    {
        get
        {
            if (Node is not JsonArray array) yield break;
            for (var i = 0; i < array.Count; i++) yield return new Field(array[i], Path.Index(i));
        }
    }

    /// <summary>The map's entries, each at <c>path[key]</c>; none where there is no map.</summary>
    public IEnumerable<KeyValuePair<string, Field>> Entries
    {
        get
        {
            if (Node is not JsonObject obj) yield break;
            foreach (var (key, value) in obj) yield return new(key, new Field(value, Path.Key(key)));
        }
    }

    /// <summary>What an error shows: the string, number or boolean itself, compact JSON for anything else, empty string for nothing.</summary>
    public object Value => Node switch
    {
        null => "",
        JsonValue value => value.GetValueKind() switch
        {
            JsonValueKind.String => Text,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => AsNumber(value),
            _ => value.ToJsonString(),
        },
        var tree => new Json(tree),
    };

    internal static string? AsText(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static long AsNumber(JsonValue value) =>
        value.TryGetValue<long>(out var number) ? number
        : value.TryGetValue<int>(out var small) ? small
        : value.TryGetValue<double>(out var real) ? (long)real : 0;

    /// <summary>JSON that prints unquoted in a message.</summary>
    private sealed record Json(JsonNode Node)
    {
        public override string ToString() => Node.ToJsonString();
    }
}

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
