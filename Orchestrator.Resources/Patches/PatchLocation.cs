using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Patches;

/// <summary>What a JSON pointer names: a member of an object or a place in an array. The container exists, the member may not.</summary>
internal readonly struct PatchLocation
{
    private readonly JsonNode _container;
    private readonly string _key;

    private PatchLocation(JsonNode container, string key, string path) => (_container, _key, Path) = (container, key, path);

    /// <summary>The pointer as given.</summary>
    internal string Path { get; }

    /// <summary>Walks the pointer up to its last part; null when a part on the way is missing or no container, or the pointer names the root.</summary>
    internal static PatchLocation? Find(JsonNode document, string path)
    {
        if (path.Length == 0 || path[0] != '/') return null;
        var parts = path[1..].Split('/');
        var container = document;
        foreach (var part in parts[..^1])
        {
            container = Step(container, Unescape(part));
            if (container is null) return null;
        }
        return container is JsonObject or JsonArray ? new PatchLocation(container, Unescape(parts[^1]), path) : null;
    }

    /// <summary>Whether there is a member; an explicit null counts as one.</summary>
    internal bool TryGet(out JsonNode? value)
    {
        value = null;
        if (_container is JsonObject obj) return obj.TryGetPropertyValue(_key, out value);
        if (Existing((JsonArray)_container) is not { } index) return false;
        value = ((JsonArray)_container)[index];
        return true;
    }

    /// <summary>The member, or a refusal worded for <paramref name="operation"/>.</summary>
    internal JsonNode? Get(string operation) =>
        TryGet(out var value) ? value : throw PatchErrors.DoesNotApply($"error in {operation} for path: '{Path}': missing value");

    /// <summary>Adds or overwrites an object's member; inserts into an array (<c>-</c> appends).</summary>
    internal void Add(JsonNode? value)
    {
        if (_container is JsonObject obj) { obj[_key] = value; return; }
        var list = (JsonArray)_container;
        if (_key == "-") { list.Add(value); return; }
        var index = Number() ?? throw NoIndex("add");
        if (index < 0) index += list.Count + 1;
        if (index < 0 || index > list.Count) throw BadIndex("add");
        list.Insert(index, value);
    }

    /// <summary>Overwrites a member that exists.</summary>
    internal void Set(JsonNode? value)
    {
        if (_container is JsonObject obj) obj[_key] = value;
        else ((JsonArray)_container)[Existing((JsonArray)_container) ?? throw BadIndex("replace")] = value;
    }

    /// <summary>Removes a member that must exist.</summary>
    internal void Remove()
    {
        if (_container is JsonObject obj)
        {
            if (!obj.Remove(_key)) throw PatchErrors.DoesNotApply($"error in remove for path: '{Path}': Unable to remove nonexistent key: {_key}: missing value");
        }
        else ((JsonArray)_container).RemoveAt(Existing((JsonArray)_container) ?? throw BadIndex("remove"));
    }

    private static JsonNode? Step(JsonNode? container, string key) => container switch
    {
        JsonObject obj => obj[key],
        JsonArray list when new PatchLocation(list, key, "").Existing(list) is { } index => list[index],
        _ => null,
    };

    private int? Existing(JsonArray list)
    {
        if (Number() is not { } index) return null;
        if (index < 0) index += list.Count;
        return index >= 0 && index < list.Count ? index : null;
    }

    private int? Number() => int.TryParse(_key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index) ? index : null;

    private Errors.StatusException NoIndex(string operation) => PatchErrors.DoesNotApply($"error in {operation} for path: '{Path}': value was not a proper array index: '{_key}'");

    private Errors.StatusException BadIndex(string operation) => Number() is { } index
        ? PatchErrors.DoesNotApply($"error in {operation} for path: '{Path}': Unable to access invalid index: {index.ToString(CultureInfo.InvariantCulture)}: invalid index referenced")
        : NoIndex(operation);

    private static string Unescape(string part) => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
}
