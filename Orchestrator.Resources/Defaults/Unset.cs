using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Defaults;

/// <summary>
/// How a default lands in an object's JSON. Go knows two kinds of "unset", and so does Kubernetes' defaulting: a pointer is unset when
/// it is absent; a plain field also when it holds its type's zero.
/// </summary>
internal static class Unset
{
    /// <summary>For pointer fields: sets the value where nothing (or null) stands.</summary>
    public static void DefaultTo(this JsonObject obj, string field, JsonNode value)
    {
        if (obj[field] is null) obj[field] = value;
    }

    /// <summary>For plain fields: sets the value where nothing, null, an empty string, zero or false stands.</summary>
    public static void ZeroTo(this JsonObject obj, string field, JsonNode value)
    {
        if (IsZero(obj[field])) obj[field] = value;
    }

    /// <summary>The object at a field, or null.</summary>
    public static JsonObject? ObjectAt(this JsonObject obj, string field) => obj[field] as JsonObject;

    /// <summary>The object at a field, made where there is none.</summary>
    public static JsonObject ObjectFor(this JsonObject obj, string field)
    {
        if (obj[field] is JsonObject present) return present;
        var made = new JsonObject();
        obj[field] = made;
        return made;
    }

    /// <summary>The objects in the list at a field; none where there is no list.</summary>
    public static IEnumerable<JsonObject> ObjectsAt(this JsonObject obj, string field) => obj[field] is JsonArray list ? list.OfType<JsonObject>() : [];

    /// <summary>The string at a field, or empty.</summary>
    public static string TextAt(this JsonObject obj, string field) => Validation.Field.AsText(obj[field]) ?? "";

    /// <summary>Whether Go would hold a plain field's zero value here.</summary>
    public static bool IsZero(JsonNode? node) => node switch
    {
        null => true,
        JsonValue value => value.GetValueKind() switch
        {
            JsonValueKind.String => value.GetValue<string>().Length == 0,
            JsonValueKind.Number => value.TryGetValue<decimal>(out var number) && number == 0,
            JsonValueKind.False or JsonValueKind.Null => true,
            _ => false,
        },
        _ => false,
    };
}
