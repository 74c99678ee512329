using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Server;

/// <summary>Lists of pods as v1 PodLists in JSON, as a kubelet writes them: without a resourceVersion, and null for none. Pure.</summary>
internal static class PodLists
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The pods that are the node's, each with the bytes that the control plane has told.</summary>
    public static ReadOnlyMemory<byte> Known(IEnumerable<PodOfNode> pods) =>
        Write([.. pods.OrderBy(p => p.Key.ToString(), StringComparer.Ordinal)], static (json, pod) => json.WriteRawValue(pod.Json.Span, skipInputValidation: true));

    /// <summary>The pods of which something runs, with what the engine knows of them: who they are and their containers that run.</summary>
    public static ReadOnlyMemory<byte> Running(IEnumerable<ContainerState> states) =>
        Write([.. states.Where(s => s.Phase == ContainerPhase.Running).GroupBy(s => PodLabels.Get(s.Labels, PodLabels.PodUid)).OrderBy(g => g.Key, StringComparer.Ordinal)], WritePod);

    private static void WritePod(Utf8JsonWriter json, IGrouping<string, ContainerState> pod)
    {
        var labels = pod.First().Labels;
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteString("name", PodLabels.Get(labels, PodLabels.PodName));
        json.WriteString("namespace", PodLabels.Get(labels, PodLabels.PodNamespace));
        json.WriteString("uid", pod.Key);
        json.WriteNull("creationTimestamp");
        json.WriteEndObject();
        json.WriteStartObject("spec");
        WriteItems(json, "containers", [.. pod.Where(s => PodLabels.Get(s.Labels, PodLabels.Role) == PodLabels.ContainerRole).Select(ObservedContainer.From).OrderBy(c => c.Name, StringComparer.Ordinal)], static (json, container) =>
        {
            json.WriteStartObject();
            json.WriteString("name", container.Name);
            json.WriteString("image", container.Image);
            json.WriteStartObject("resources");
            json.WriteEndObject();
            json.WriteEndObject();
        });
        json.WriteEndObject();
        json.WriteStartObject("status");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static ReadOnlyMemory<byte> Write<T>(IReadOnlyList<T> pods, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Compact))
        {
            json.WriteStartObject();
            json.WriteString("kind", "PodList");
            json.WriteString("apiVersion", "v1");
            json.WriteStartObject("metadata");
            json.WriteEndObject();
            WriteItems(json, "items", pods, write);
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    private static void WriteItems<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        if (items.Count == 0)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartArray(name);
        foreach (var item in items) write(json, item);
        json.WriteEndArray();
    }
}
