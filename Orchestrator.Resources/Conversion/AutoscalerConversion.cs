using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Conversion;

/// <summary>
/// autoscaling/v1 HorizontalPodAutoscalers know one metric, the CPU's utilisation; everything else that a v2 object holds travels in annotations
/// (pkg/apis/autoscaling/v1/conversion.go).
/// </summary>
internal sealed class AutoscalerConversion() : KindConversion("io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler")
{
    private const string Metrics = "autoscaling.alpha.kubernetes.io/metrics";
    private const string CurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";
    private const string Conditions = "autoscaling.alpha.kubernetes.io/conditions";
    private const string Behavior = "autoscaling.alpha.kubernetes.io/behavior";
    private const int DefaultUtilization = 80;

    private static readonly string[] RoundTrip = [Metrics, CurrentMetrics, Conditions, Behavior];
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <inheritdoc/>
    public override JsonObject FromStored(JsonObject stored)
    {
        stored["apiVersion"] = "autoscaling/v1";
        var notes = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        if (stored["spec"] is JsonObject spec)
        {
            var others = new JsonArray();
            foreach (var metric in Take(spec, "metrics").OfType<JsonObject>().ToList())
            {
                if (IsCpuUtilization(metric, out var utilization)) spec["targetCPUUtilizationPercentage"] = utilization;
                else others.Add((JsonNode)AutoscalerMetrics.ToVersion1(metric, current: false));
            }
            if (others.Count > 0) notes[Metrics] = others;
            if (spec.Remove("behavior", out var behavior) && behavior is JsonObject) notes[Behavior] = Recase(behavior, char.ToUpperInvariant)!;
        }
        if (stored["status"] is JsonObject status)
        {
            var current = Take(status, "currentMetrics").OfType<JsonObject>().ToList();
            foreach (var metric in current)
                if ((string?)metric["type"] == "Resource" && (string?)metric["resource"]?["name"] == "cpu" && metric["resource"]?["current"]?["averageUtilization"] is { } used)
                    status["currentCPUUtilizationPercentage"] = used.DeepClone();
            if (current.Count > 0) notes[CurrentMetrics] = new JsonArray([.. current.Select(m => (JsonNode)AutoscalerMetrics.ToVersion1(m, current: true))]);
            if (status.Remove("conditions", out var conditions) && conditions is JsonArray { Count: > 0 }) notes[Conditions] = conditions;
        }
        Annotate(stored, notes);
        return stored;
    }

    /// <inheritdoc/>
    public override JsonObject ToStored(JsonObject obj)
    {
        obj["apiVersion"] = "autoscaling/v2";
        var annotations = (obj["metadata"] as JsonObject)?["annotations"] as JsonObject;
        if (obj["spec"] is JsonObject spec)
        {
            var metrics = new JsonArray();
            foreach (var metric in (Note(annotations, Metrics) as JsonArray ?? []).OfType<JsonObject>()) metrics.Add((JsonNode)AutoscalerMetrics.ToVersion2(metric, current: false));
            if (spec.Remove("targetCPUUtilizationPercentage", out var utilization) && utilization is not null) metrics.Add((JsonNode)CpuUtilization(utilization));
            if (metrics.Count == 0) metrics.Add((JsonNode)CpuUtilization(DefaultUtilization));
            spec["metrics"] = metrics;
            if (Note(annotations, Behavior) is JsonObject behavior) spec["behavior"] = Recase(behavior, char.ToLowerInvariant);
        }
        if (obj["status"] is JsonObject status)
        {
            status.Remove("currentCPUUtilizationPercentage", out var used);
            if (Note(annotations, CurrentMetrics) is JsonArray current)
                status["currentMetrics"] = new JsonArray([.. current.OfType<JsonObject>().Select(m => (JsonNode)AutoscalerMetrics.ToVersion2(m, current: true))]);
            else if (used is not null)
                status["currentMetrics"] = new JsonArray(new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", ["current"] = new JsonObject { ["averageUtilization"] = used.DeepClone() } } });
            if (Note(annotations, Conditions) is JsonArray conditions) status["conditions"] = conditions;
        }
        Annotate(obj, []);
        return obj;
    }

    private static bool IsCpuUtilization(JsonObject metric, out JsonNode? utilization)
    {
        utilization = metric["resource"]?["target"]?["averageUtilization"]?.DeepClone();
        return (string?)metric["type"] == "Resource" && (string?)metric["resource"]?["name"] == "cpu" && utilization is not null;
    }

    private static JsonObject CpuUtilization(JsonNode utilization) => new()
    {
        ["type"] = "Resource",
        ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = utilization.DeepClone() } },
    };

    private static JsonArray Take(JsonObject of, string name) => of.Remove(name, out var value) ? value as JsonArray ?? [] : [];

    /// <summary>Exchanges the round-trip annotations of an object for these.</summary>
    private static void Annotate(JsonObject obj, Dictionary<string, JsonNode> notes)
    {
        if (obj["metadata"] is not JsonObject metadata) return;
        var annotations = metadata["annotations"] as JsonObject;
        foreach (var name in RoundTrip) annotations?.Remove(name);
        if (notes.Count > 0 && annotations is null) metadata["annotations"] = annotations = [];
        foreach (var (name, note) in notes) annotations![name] = note.ToJsonString(Relaxed);
        if (annotations is { Count: 0 }) metadata.Remove("annotations");
    }

    private static JsonNode? Note(JsonObject? annotations, string name)
    {
        if (annotations?[name] is not JsonValue value || !value.TryGetValue<string>(out var text)) return null;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // Anybody may write the annotation; upstream, too, goes on without one it cannot read.
            return null;
        }
    }

    /// <summary>The behaviour's annotation spells the fields as Go does, with capitals.</summary>
    private static JsonNode? Recase(JsonNode? node, Func<char, char> first) => node switch
    {
        JsonObject obj => new JsonObject(obj.Where(p => p.Value is not null).Select(p => KeyValuePair.Create(first(p.Key[0]) + p.Key[1..], Recase(p.Value, first)))),
        JsonArray list => new JsonArray([.. list.Select(i => Recase(i, first))]),
        _ => node?.DeepClone(),
    };
}
