using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>
/// Identity of pod templates: equality that ignores the hash label, and the <c>pod-template-hash</c> itself. The hash only has to be
/// stable and to have upstream's form (FNV-1a of 32 bits in its vowel-free alphabet); the same template gets another hash per collision.
/// </summary>
public static class PodTemplateHash
{
    /// <summary>The label that tells the pods of a Deployment's ReplicaSets apart.</summary>
    public const string Label = "pod-template-hash";

    /// <summary>Typed objects are kept by the cache entry they were read from, so a template is put into text once.</summary>
    private static readonly ConditionalWeakTable<PodTemplateSpec, string> Texts = [];

    /// <summary>Same template, hash label aside.</summary>
    public static bool Equal(PodTemplateSpec a, PodTemplateSpec b) => TextOf(a) == TextOf(b);

    /// <summary>The hash of a template, for this number of collisions (status.collisionCount).</summary>
    public static string Of(PodTemplateSpec template, int? collisionCount)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(TextOf(template))) hash = (hash ^ b) * 16777619u;
        if (collisionCount is { } collisions)
            for (var shift = 0; shift < 32; shift += 8) hash = (hash ^ (byte)(collisions >> shift)) * 16777619u;
        return GeneratedNames.SafeEncode(hash.ToString(CultureInfo.InvariantCulture));
    }

    private static string TextOf(PodTemplateSpec template) => Texts.GetValue(template, static t =>
    {
        var node = TypedJson.ToNode(t);
        if (node["metadata"]?["labels"] is JsonObject labels)
        {
            labels.Remove(Label);
            if (labels.Count == 0) ((JsonObject)node["metadata"]!).Remove("labels");
        }
        return Sorted(node)!.ToJsonString();
    });

    /// <summary>Maps have no order, so the text must not depend on one.</summary>
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(o.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
