using System.Buffers;
using System.Text.Json;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Writing;

namespace Orchestrator.NodeAgent.Server.Stats;

/// <summary>Figures as v1alpha1 Summary of k8s.io/kubelet's stats API. Pure.</summary>
internal static class SummaryJson
{
    // The interface that the kubelet takes for a pod's, or a node's, own.
    private const string DefaultInterface = "eth0";

    // go-restful writes for people: one space per level.
    private static readonly JsonWriterOptions Indented = new() { Indented = true, IndentSize = 1, NewLine = "\n" };

    /// <summary>The document. <paramref name="onlyCpuAndMemory"/> leaves out everything else, as <c>?only_cpu_and_memory=true</c> asks.</summary>
    public static ReadOnlyMemory<byte> Write(NodeFigures figures, bool onlyCpuAndMemory)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteStartObject("node");
            json.WriteString("nodeName", figures.Node);
            Time(json, "startTime", figures.StartedAt);
            Use(json, figures.Use);
            if (!onlyCpuAndMemory)
            {
                Network(json, figures.At, figures.Interfaces);
                Disk(json, "fs", figures.At, figures.Disk);
                if (figures.ImageDisk is not null)
                {
                    json.WriteStartObject("runtime");
                    Disk(json, "imageFs", figures.At, figures.ImageDisk);
                    json.WriteEndObject();
                }
                json.WriteStartObject("rlimit");
                Time(json, "time", figures.At);
                json.WriteNumber("maxpid", figures.Pids.Max);
                json.WriteNumber("curproc", figures.Pids.Used);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteStartArray("pods");
            foreach (var pod in figures.Pods) Pod(json, figures.At, pod, onlyCpuAndMemory);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    private static void Pod(Utf8JsonWriter json, DateTimeOffset at, PodFigures pod, bool onlyCpuAndMemory)
    {
        json.WriteStartObject();
        json.WriteStartObject("podRef");
        json.WriteString("name", pod.Name);
        json.WriteString("namespace", pod.Namespace);
        json.WriteString("uid", pod.Uid);
        json.WriteEndObject();
        Time(json, "startTime", pod.StartedAt);
        json.WriteStartArray("containers");
        foreach (var container in pod.Containers)
        {
            json.WriteStartObject();
            json.WriteString("name", container.Name);
            Time(json, "startTime", container.StartedAt);
            Use(json, container.Use);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Use(json, pod.Use);
        if (!onlyCpuAndMemory) Network(json, at, pod.Interfaces);
        json.WriteEndObject();
    }

    private static void Use(Utf8JsonWriter json, MeasuredUse? use)
    {
        if (use is null) return;
        var usage = use.Usage;
        json.WriteStartObject("cpu");
        Time(json, "time", usage.At);
        Number(json, "usageNanoCores", use.NanoCores);
        json.WriteNumber("usageCoreNanoSeconds", usage.CpuNanoseconds);
        json.WriteEndObject();
        json.WriteStartObject("memory");
        Time(json, "time", usage.At);
        Number(json, "availableBytes", usage.MemoryLimitBytes is { } limit ? Math.Max(0, limit - usage.WorkingSetBytes) : null);
        json.WriteNumber("usageBytes", usage.MemoryBytes);
        json.WriteNumber("workingSetBytes", usage.WorkingSetBytes);
        Number(json, "rssBytes", usage.RssBytes);
        Number(json, "pageFaults", usage.PageFaults);
        Number(json, "majorPageFaults", usage.MajorPageFaults);
        json.WriteEndObject();
    }

    private static void Network(Utf8JsonWriter json, DateTimeOffset at, IReadOnlyList<InterfaceUsage>? interfaces)
    {
        if (interfaces is null) return;
        json.WriteStartObject("network");
        Time(json, "time", at);
        if (interfaces.FirstOrDefault(i => i.Name == DefaultInterface) is { } own) Interface(json, own);
        else json.WriteString("name", "");
        json.WriteStartArray("interfaces");
        foreach (var one in interfaces)
        {
            json.WriteStartObject();
            Interface(json, one);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Interface(Utf8JsonWriter json, InterfaceUsage one)
    {
        json.WriteString("name", one.Name);
        json.WriteNumber("rxBytes", one.RxBytes);
        json.WriteNumber("rxErrors", one.RxErrors);
        json.WriteNumber("txBytes", one.TxBytes);
        json.WriteNumber("txErrors", one.TxErrors);
    }

    private static void Disk(Utf8JsonWriter json, string name, DateTimeOffset at, DiskFigures? disk)
    {
        if (disk is null) return;
        json.WriteStartObject(name);
        Time(json, "time", at);
        json.WriteNumber("availableBytes", disk.Available);
        json.WriteNumber("capacityBytes", disk.Capacity);
        json.WriteEndObject();
    }

    private static void Time(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } at) json.WriteString(name, ObjectMeta.Timestamp(at));
        else json.WriteNull(name);
    }

    private static void Number(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
    }
}
