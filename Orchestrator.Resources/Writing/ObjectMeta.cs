using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Writing;

/// <summary>Reads and writes the metadata fields that the generic rules are about, on an object's JSON.</summary>
public static class ObjectMeta
{
    /// <summary>The metadata object; made where it is missing.</summary>
    public static JsonObject Of(JsonObject obj)
    {
        if (obj["metadata"] is JsonObject metadata) return metadata;
        metadata = [];
        obj["metadata"] = metadata;
        return metadata;
    }

    /// <summary>A string field of metadata, empty where it is not set.</summary>
    public static string Get(JsonObject obj, string field) => (string?)Of(obj)[field] ?? "";

    /// <summary>Kubernetes' form of a time: UTC, whole seconds.</summary>
    public static string Timestamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Whether the object is being deleted.</summary>
    public static bool IsDeleting(JsonObject obj) => Of(obj)["deletionTimestamp"] is not null;

    /// <summary>The finalizers; empty where there are none.</summary>
    public static IReadOnlyList<string> Finalizers(JsonObject obj) =>
        Of(obj)["finalizers"] is JsonArray list ? [.. list.Select(f => (string?)f ?? "")] : [];

    /// <summary>Sets or clears the finalizers.</summary>
    public static void SetFinalizers(JsonObject obj, IReadOnlyCollection<string> finalizers)
    {
        if (finalizers.Count == 0) Of(obj).Remove("finalizers");
        else Of(obj)["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]);
    }

    /// <summary>Adds one to <c>metadata.generation</c>.</summary>
    public static void RaiseGeneration(JsonObject obj) => Of(obj)["generation"] = ((long?)Of(obj)["generation"] ?? 0) + 1;

    /// <summary>Copies a metadata field from another object, or removes it where that one has none.</summary>
    public static void Copy(JsonObject from, JsonObject to, string field)
    {
        var value = Of(from)[field]?.DeepClone();
        if (value is null) Of(to).Remove(field);
        else Of(to)[field] = value;
    }
}
