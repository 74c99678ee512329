using System.Text.Json.Nodes;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Volumes;

/// <summary>Small changes to an object's JSON, made in place.</summary>
internal static class ObjectEdits
{
    /// <summary>The object at a field, made where there is none.</summary>
    public static JsonObject Part(this JsonObject obj, string field)
    {
        if (obj[field] is not JsonObject part) obj[field] = part = [];
        return part;
    }

    public static void AddFinalizer(this JsonObject obj, string finalizer)
    {
        var metadata = ObjectMeta.Of(obj);
        if (metadata["finalizers"] is not JsonArray finalizers) metadata["finalizers"] = finalizers = [];
        if (!finalizers.Any(f => (string?)f == finalizer)) finalizers.Add(finalizer);
    }

    public static void RemoveFinalizer(this JsonObject obj, string finalizer)
    {
        var metadata = ObjectMeta.Of(obj);
        if (metadata["finalizers"] is not JsonArray finalizers) return;
        finalizers.RemoveAll(f => (string?)f == finalizer);
        if (finalizers.Count == 0) metadata.Remove("finalizers");
    }
}
