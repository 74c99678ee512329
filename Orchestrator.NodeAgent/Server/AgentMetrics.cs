using System.Diagnostics;
using Orchestrator.NodeAgent.Nodes;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Server;

/// <summary>What the process of the agent uses; several simulated nodes, and a member, may share it.</summary>
internal sealed record ProcessFigures(double CpuSeconds, long ResidentBytes, double StartedAtSeconds)
{
    /// <summary>Of this process.</summary>
    public static ProcessFigures Now()
    {
        using var self = Process.GetCurrentProcess();
        return new ProcessFigures(Environment.CpuUsage.TotalTime.TotalSeconds, Environment.WorkingSet, (self.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds);
    }
}

/// <summary><c>/metrics</c>: the agent's own, under the kubelet's names. Pure.</summary>
internal static class AgentMetrics
{
    /// <summary>The text.</summary>
    public static string Write(string node, IReadOnlyList<ContainerState> states, ProcessFigures process)
    {
        var text = new PrometheusText();
        text.Add("kubelet_node_name", "gauge", "The node's name; always 1.", [new(1, $"node=\"{node}\"")]);
        text.Add("kubelet_running_containers", "gauge", "Containers by the state they are in.",
            states.Where(s => PodLabels.Get(s.Labels, PodLabels.Role) == PodLabels.ContainerRole).GroupBy(s => s.Phase).OrderBy(g => g.Key).Select(g => new MetricValue(g.Count(), $"container_state=\"{Name(g.Key)}\"")));
        text.Add("kubelet_running_pods", "gauge", "Pods whose sandbox runs.",
            [new(states.Where(s => s.Phase == ContainerPhase.Running && PodLabels.Get(s.Labels, PodLabels.Role) == PodLabels.SandboxRole).DistinctBy(s => PodLabels.Get(s.Labels, PodLabels.PodUid)).Count())]);
        text.Add("kubernetes_build_info", "gauge", "The version that clients see; always 1.", [new(1, $"git_version=\"{NodeStatusBuilder.Version}\",platform=\"linux/{NodeFacts.Architecture}\"")]);
        text.Add("process_cpu_seconds_total", "counter", "Processor time that the process has used, in seconds.", [new(process.CpuSeconds)]);
        text.Add("process_resident_memory_bytes", "gauge", "Memory that the process holds, in bytes.", [new(process.ResidentBytes)]);
        text.Add("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.", [new(process.StartedAtSeconds)]);
        return text.ToString();
    }

    private static string Name(ContainerPhase phase) => phase switch
    {
        ContainerPhase.Created => "created",
        ContainerPhase.Running => "running",
        _ => "exited",
    };
}
