using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Patches;

/// <summary>JSON merge patch (RFC 7386): null removes, objects merge, everything else replaces.</summary>
public static class MergePatch
{
    /// <summary>
    /// Applies <paramref name="patch"/> to <paramref name="target"/>, which is changed and, when it is an object, returned. The patch is not changed.
    /// </summary>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes) return patch?.DeepClone();
        // A target that is no object counts as an empty one, so nulls inside new objects disappear too.
        var result = target as JsonObject ?? [];
        foreach (var (name, change) in changes)
        {
            if (change is null) { result.Remove(name); continue; }
            result.TryGetPropertyValue(name, out var current);
            var merged = Apply(change is JsonObject ? current : null, change);
            if (!ReferenceEquals(merged, current)) result[name] = merged;
        }
        return result;
    }
}
