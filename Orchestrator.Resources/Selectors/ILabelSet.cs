using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Selectors;

/// <summary>
/// What a selector is matched against: keys with values. Implemented as structs, so that matching through a type parameter neither
/// boxes nor allocates; whoever holds labels in another shape writes one more.
/// </summary>
public interface ILabelSet
{
    /// <summary>The value of a key; false where the key is absent.</summary>
    bool TryGet(string key, [MaybeNullWhen(false)] out string value);
}

/// <summary>Labels held in a dictionary; null is no labels.</summary>
public readonly struct DictionaryLabels(IReadOnlyDictionary<string, string>? labels) : ILabelSet
{
    /// <inheritdoc/>
    public bool TryGet(string key, [MaybeNullWhen(false)] out string value)
    {
        if (labels is not null) return labels.TryGetValue(key, out value);
        value = null;
        return false;
    }
}

/// <summary>Labels in an object's JSON; null is no labels.</summary>
public readonly struct JsonLabels(JsonObject? labels) : ILabelSet
{
    /// <inheritdoc/>
    public bool TryGet(string key, [MaybeNullWhen(false)] out string value)
    {
        value = null;
        return labels is not null && labels.TryGetPropertyValue(key, out var node) && node is JsonValue text && text.TryGetValue(out value);
    }
}
