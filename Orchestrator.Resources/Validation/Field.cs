using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Validation;

/// <summary>
/// A place in an object's JSON: the value there, which may be absent, and its path. Absent values read as Go's zero values, so that
/// rules can be written as upstream's are; <see cref="Exists"/> tells a pointer that is set from one that is not. JSON of the wrong
/// type (which decoding refuses earlier) reads as absent. Going from field to field allocates nothing: a path is worked out only when an
/// error asks for it, from the place the value has in its document.
/// </summary>
public readonly struct Field
{
    /// <summary>Null: the path is where <see cref="Node"/> stands. A node: this is <see cref="_name"/> in it. A path: that path.</summary>
    private readonly object? _place;
    private readonly string? _name;
    private readonly bool _isKey;

    /// <summary>A value with a path of one's own making.</summary>
    public Field(JsonNode? node, FieldPath path) => (Node, _place) = (node, path);

    private Field(JsonNode node) => Node = node;

    internal Field(JsonNode? node, JsonNode parent, string name, bool isKey) => (Node, _place, _name, _isKey) = (node, parent, name, isKey);

    /// <summary>The value, or null.</summary>
    public JsonNode? Node { get; }

    /// <summary>Where this is.</summary>
    public FieldPath Path => _place switch
    {
        FieldPath path => path,
        JsonNode parent => _isKey ? FieldPath.Of(parent).Key(_name!) : FieldPath.Of(parent).Child(_name!),
        _ => Node is null ? FieldPath.Root : FieldPath.Of(Node),
    };

    /// <summary>The object as a whole. Paths start at the document it belongs to.</summary>
    public static Field Of(JsonNode? root) => root is null ? new Field(null, FieldPath.Root) : new Field(root);

    /// <summary>A field of this object.</summary>
    public Field this[string name]
    {
        get
        {
            var child = (Node as JsonObject)?[name];
            if (_place is null && Node is { } parent) return child is null ? new Field(null, parent, name, isKey: false) : new Field(child);
            return new Field(child, Path.Child(name));
        }
    }

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
    public FieldItems Items => new(this);

    /// <summary>The map's entries, each at <c>path[key]</c>; none where there is no map.</summary>
    public FieldEntries Entries => new(this);

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

    /// <summary>The list entry at an index.</summary>
    internal Field At(JsonArray list, int index)
    {
        var node = list[index];
        return _place is null && node is not null ? new Field(node) : new Field(node, Path.Index(index));
    }

    /// <summary>The map entry at an index.</summary>
    internal KeyValuePair<string, Field> EntryAt(JsonObject map, int index)
    {
        var (key, value) = map.GetAt(index);
        // What lies below an entry must know that it is an entry's; plain values can leave it to the error.
        return new(key, _place is null && value is JsonValue or null ? new Field(value, map, key, isKey: true) : new Field(value, Path.Key(key)));
    }

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
