using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Validation;

/// <summary>
/// Where in an object something stands, as upstream's field.Path. Cheap to extend, spelled out (<c>spec.containers[0].image</c>) only
/// when an error needs it.
/// </summary>
public sealed class FieldPath
{
    private readonly FieldPath? _parent;
    private readonly string? _name;
    private readonly string? _key;
    private readonly int _index;

    private FieldPath(FieldPath? parent, string? name, string? key, int index) => (_parent, _name, _key, _index) = (parent, name, key, index);

    /// <summary>The object itself.</summary>
    public static FieldPath Root { get; } = new(null, null, null, 0);

    /// <summary>Where a node stands in its document.</summary>
    public static FieldPath Of(JsonNode node) => node.Parent switch
    {
        JsonObject map => Of(map).Child(node.GetPropertyName()),
        JsonArray list => Of(list).Index(node.GetElementIndex()),
        _ => Root,
    };

    /// <summary>A field of this.</summary>
    public FieldPath Child(string name) => new(this, name, null, 0);

    /// <summary>An entry of this list, counted from zero.</summary>
    public FieldPath Index(int index) => new(this, null, null, index);

    /// <summary>An entry of this map.</summary>
    public FieldPath Key(string key) => new(this, null, key, 0);

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        Write(text);
        return text.ToString();
    }

    private void Write(StringBuilder text)
    {
        if (_parent is null) return;
        _parent.Write(text);
        if (_name is not null)
        {
            if (text.Length > 0) text.Append('.');
            text.Append(_name);
        }
        else if (_key is not null)
        {
            text.Append('[').Append(_key).Append(']');
        }
        else
        {
            text.Append(CultureInfo.InvariantCulture, $"[{_index}]");
        }
    }
}
