using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Apply;

/// <summary>How server-side apply divides a value: what its parts are called and whether they are owned one by one (structured-merge-diff's schema atoms).</summary>
internal readonly record struct FieldShape(FieldShape.Division Divided, SchemaType? Type = null, FieldType? Element = null, IReadOnlyList<string>? Keys = null, bool Custom = false)
{
    /// <summary>The ways to divide a value.</summary>
    internal enum Division : byte
    {
        /// <summary>Owned as a whole: scalars, and what is atomic.</summary>
        Leaf,

        /// <summary>By declared field.</summary>
        Fields,

        /// <summary>By map key.</summary>
        Keys,

        /// <summary>A list, by its items' key fields.</summary>
        ItemKeys,

        /// <summary>A list, by its items' values.</summary>
        ItemValues,

        /// <summary>By what the value turns out to be: objects by key, everything else as a whole.</summary>
        Deduced,
    }

    private static readonly FieldShape Whole = new(Division.Leaf);
    private static readonly FieldShape Guessed = new(Division.Deduced, Custom: true);

    /// <summary>The shape of a whole object.</summary>
    internal static FieldShape Of(SchemaType type) => new(Division.Fields, type, Custom: type.IsCustom);

    /// <summary>The shape of a declared field.</summary>
    internal static FieldShape Of(SchemaField field, bool custom) => field.Type.Kind switch
    {
        ValueKind.Struct when field.StructType == "atomic" || field.MapType == "atomic" => Whole,
        ValueKind.Map when field.MapType == "atomic" => Whole,
        ValueKind.List => field.ListType switch
        {
            "map" => new FieldShape(Division.ItemKeys, field.Type.Element!.Kind == ValueKind.Struct ? field.Type.Element.Struct : null, field.Type.Element, field.ListMapKeys, custom),
            "set" => new FieldShape(Division.ItemValues, Custom: custom),
            _ => Whole,
        },
        _ => Of(field.Type, custom),
    };

    /// <summary>The shape of a map's value, a list's item, or any type that carries no markers of its own.</summary>
    internal static FieldShape Of(FieldType type, bool custom) => type.Kind switch
    {
        ValueKind.Struct when type.Struct.StructType == "atomic" => Whole,
        ValueKind.Struct => new FieldShape(Division.Fields, type.Struct, Custom: type.Struct.IsCustom),
        ValueKind.Map => new FieldShape(Division.Keys, Element: type.Element, Custom: custom),
        ValueKind.Raw when custom => Guessed,
        _ => Whole,
    };

    /// <summary>The shape of the part called <paramref name="name"/> (a field or map key), and its declaration where it has one.</summary>
    internal FieldShape Part(string name, out SchemaField? field)
    {
        field = null;
        switch (Divided)
        {
            case Division.Fields:
                field = Type!.Field(name);
                if (field is not null) return Of(field, Custom);
                return Type.AdditionalProperties is { } more ? Of(more, Custom) : Guessed;
            case Division.Keys: return Of(Element!, Custom);
            default: return Guessed;
        }
    }

    /// <summary>The shape of a list's items.</summary>
    internal FieldShape Item => Divided == Division.ItemKeys ? Of(Element!, Custom) : Whole;

    /// <summary>The division of an actual value: what is deduced is settled, and a value of another sort than declared is a leaf.</summary>
    internal Division For(JsonNode? value) => Divided switch
    {
        Division.Deduced => value is JsonObject ? Division.Deduced : Division.Leaf,
        Division.Fields or Division.Keys when value is JsonArray or JsonValue => Division.Leaf,
        Division.ItemKeys or Division.ItemValues when value is JsonObject or JsonValue => Division.Leaf,
        _ => Divided,
    };

    /// <summary>The path element of a list item; null where it has no identity (a missing key).</summary>
    internal string? ElementOf(JsonNode? item) => Divided == Division.ItemKeys ? PathElement.Key(item, Keys!, Type) : PathElement.Value(item);
}
