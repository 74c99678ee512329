namespace Orchestrator.NodeAgent.Server.Stats;

/// <summary><c>/metrics/resource</c>: what the node, its pods and containers use, under the kubelet's names; a metric without values is left out. Pure.</summary>
internal static class ResourceMetrics
{
    private const double NanosecondsPerSecond = 1e9;

    /// <summary>The text; null for figures that could not be had.</summary>
    public static string Write(NodeFigures? figures)
    {
        var text = new PrometheusText();
        if (figures is not null)
        {
            var pods = figures.Pods.Select(p => (Labels: $"namespace=\"{p.Namespace}\",pod=\"{p.Name}\"", p.Use)).ToList();
            var containers = figures.Pods.SelectMany(p => p.Containers.Select(c => (Labels: $"container=\"{c.Name}\",namespace=\"{p.Namespace}\",pod=\"{p.Name}\"", c.Use, c.StartedAt))).ToList();
            text.Add("container_cpu_usage_seconds_total", "counter", "Processor time that a container has used, in seconds.", containers.SelectMany(c => Cpu(c.Use, c.Labels)));
            text.Add("container_memory_working_set_bytes", "gauge", "Working set of a container, in bytes.", containers.SelectMany(c => Memory(c.Use, c.Labels)));
            text.Add("container_start_time_seconds", "gauge", "When a container started, in seconds since 1970.",
                containers.Where(c => c.StartedAt is not null).Select(c => new MetricValue((c.StartedAt!.Value - DateTimeOffset.UnixEpoch).TotalSeconds, c.Labels)));
            text.Add("node_cpu_usage_seconds_total", "counter", "Processor time that the node has used, in seconds.", Cpu(figures.Use, ""));
            text.Add("node_memory_working_set_bytes", "gauge", "Working set of the node, in bytes.", Memory(figures.Use, ""));
            text.Add("pod_cpu_usage_seconds_total", "counter", "Processor time that a pod has used, in seconds.", pods.SelectMany(p => Cpu(p.Use, p.Labels)));
            text.Add("pod_memory_working_set_bytes", "gauge", "Working set of a pod, in bytes.", pods.SelectMany(p => Memory(p.Use, p.Labels)));
        }
        // Its older name scrape_error has been hidden since 1.30.
        text.Add("resource_scrape_error", "gauge", "1 where the figures could not be had, else 0.", [new(figures is null ? 1 : 0)]);
        return text.ToString();
    }

    private static IEnumerable<MetricValue> Cpu(MeasuredUse? use, string labels) => use is null ? [] : [new MetricValue(use.Usage.CpuNanoseconds / NanosecondsPerSecond, labels, use.Usage.At)];

    private static IEnumerable<MetricValue> Memory(MeasuredUse? use, string labels) => use is null ? [] : [new MetricValue(use.Usage.WorkingSetBytes, labels, use.Usage.At)];
}
