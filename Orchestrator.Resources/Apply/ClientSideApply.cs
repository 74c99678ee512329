using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Apply;

/// <summary>How server-side apply by kubectl gets along with the annotation that its client-side apply keeps.</summary>
internal static class ClientSideApply
{
    private const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The conflicts about fields that client-side apply did not set, or that have another value since.</summary>
    internal static IReadOnlyList<ApplyConflict> WithoutOwn(IReadOnlyList<ApplyConflict> conflicts, JsonObject live, SchemaType type, string apiVersion)
    {
        if (LastApplied(live) is not { } last || (string?)last["apiVersion"] != apiVersion) return conflicts;
        var comparison = FieldComparison.Of(last, live, type);
        var own = FieldSet.Difference(FieldSet.Difference(FieldSets.Of(last, type), comparison.Changed), comparison.Removed);
        return [.. conflicts.Where(c => !Has(own, c.Path))];
    }

    /// <summary>Brings the annotation, where there is one, up to the configuration just applied.</summary>
    internal static void Refresh(JsonObject obj, JsonObject config)
    {
        if (Annotations(obj) is not { } annotations || !annotations.ContainsKey(Annotation)) return;
        var copy = config.DeepClone().AsObject();
        Annotations(copy)?.Remove(Annotation);
        annotations[Annotation] = copy.ToJsonString(Relaxed) + "\n";
    }

    private static JsonObject? LastApplied(JsonObject obj)
    {
        if (Annotations(obj)?[Annotation] is not JsonValue text || !text.TryGetValue<string>(out var json) || json.Length == 0) return null;
        try
        {
            return JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            // Anybody may write the annotation; what cannot be read gives nobody a claim.
            return null;
        }
    }

    private static JsonObject? Annotations(JsonObject obj) => (obj["metadata"] as JsonObject)?["annotations"] as JsonObject;

    private static bool Has(FieldSet? set, IReadOnlyList<string> path)
    {
        for (var i = 0; set is not null && i < path.Count; i++)
        {
            var entry = set.Find(path[i]);
            if (i == path.Count - 1) return entry.Member;
            set = entry.Below;
        }
        return false;
    }
}
