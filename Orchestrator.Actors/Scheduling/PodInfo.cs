using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Actors.Scheduling.Volumes;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;
using Orchestrator.Resources;

namespace Orchestrator.Actors.Scheduling;

/// <summary>What the scheduler needs of a pod, worked out once when the pod is first seen or changes.</summary>
public sealed class PodInfo
{
    /// <summary>The pod's key.</summary>
    public required ResourceKey Key { get; init; }

    /// <summary>metadata.uid.</summary>
    public required string Uid { get; init; }

    /// <summary>metadata.labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = LabelMaps.None;

    /// <summary>The owner that controls it: kind and name, or empty.</summary>
    public (string Kind, string Name) Controller { get; init; } = ("", "");

    /// <summary>spec.priority, 0 where unset.</summary>
    public int Priority { get; init; }

    /// <summary>False with preemptionPolicy Never.</summary>
    public bool MayPreempt { get; init; } = true;

    /// <summary>spec.nodeName: the node it is bound to, or empty.</summary>
    public string NodeName { get; internal set; } = "";

    /// <summary>Requests by <see cref="ResourceColumns"/>.</summary>
    public long[] Requests { get; init; } = [];

    /// <summary>Requested cpu in thousandths.</summary>
    public long MilliCpu => Requests.Length > ResourceColumns.MilliCpu ? Requests[ResourceColumns.MilliCpu] : 0;

    /// <summary>Requested memory in bytes.</summary>
    public long Memory => Requests.Length > ResourceColumns.Memory ? Requests[ResourceColumns.Memory] : 0;

    /// <summary>Cpu for scoring: containers without a request count as 100 thousandths.</summary>
    public long NonZeroMilliCpu { get; init; }

    /// <summary>Memory for scoring: containers without a request count as 200 MiB.</summary>
    public long NonZeroMemory { get; init; }

    /// <summary>Its terms of podAffinity and podAntiAffinity.</summary>
    public AffinityTerm[] AffinityTerms { get; init; } = [];

    /// <summary>spec.topologySpreadConstraints.</summary>
    public SpreadConstraint[] SpreadConstraints { get; init; } = [];

    /// <summary>Images of all its containers, with tag.</summary>
    public string[] Images { get; init; } = [];

    /// <summary>Its volumes that are claims or inline CSI volumes.</summary>
    public PodVolumes Volumes { get; init; } = PodVolumes.None;

    /// <summary>status.nominatedNodeName, or empty.</summary>
    public string NominatedNode { get; init; } = "";

    /// <summary>status.startTime: among pods of one priority, those that started last are preempted first.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>Its DisruptionTarget condition says that a scheduler preempted it.</summary>
    public bool Preempted { get; init; }

    /// <summary>Its class while it is on a node, kept by <see cref="TopologyIndex"/>.</summary>
    internal PodClass? Class { get; set; }

    /// <summary>Ports of the node it wants for itself.</summary>
    public HostPort[] HostPorts { get; init; } = [];

    /// <summary>spec.tolerations.</summary>
    public IReadOnlyList<Toleration> Tolerations { get; init; } = [];

    /// <summary>spec.nodeSelector, or null.</summary>
    public Dictionary<string, string>? NodeSelector { get; init; }

    /// <summary>Terms of the required node affinity, one of which must match; null where there is none.</summary>
    public NodeTerm[]? RequiredNodeTerms { get; init; }

    /// <summary>Preferred node affinity.</summary>
    public (long Weight, NodeTerm Term)[] PreferredNodeTerms { get; init; } = [];

    /// <summary>spec.schedulingGates are not empty: not to be scheduled yet.</summary>
    public bool Gated { get; init; }

    /// <summary>Succeeded or Failed: takes nothing any more.</summary>
    public bool Ended { get; init; }

    /// <summary>Marked for deletion.</summary>
    public bool Terminating { get; init; }

    /// <summary>spec.schedulerName.</summary>
    public string SchedulerName { get; init; } = "";

    /// <summary>The PodScheduled condition's reason and message as stored, to write it only where it changes.</summary>
    public (string Reason, string Message) ScheduledCondition { get; init; }

    /// <summary>Reason of the DisruptionTarget condition of a pod that a scheduler preempts.</summary>
    public const string PreemptionReason = "PreemptionByScheduler";

    /// <summary>
    /// Equal for pods that ask the same of nodes by nodeSelector and required affinity.
    /// </summary>
    public string NodeAffinityKey => field ??= string.Join('\n',
        (NodeSelector ?? []).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}={s.Value}").Concat((RequiredNodeTerms ?? []).Select(t => $"| {t.Text}")));

    /// <summary>Equal for pods that tolerate the same.</summary>
    public string TolerationsKey => field ??= string.Join('\n', Tolerations.Select(t => $"{t.Key} {t.Operator} {t.Value} {t.Effect}").Order(StringComparer.Ordinal));

    /// <summary>The pod as it was before it had a node.</summary>
    internal PodInfo WithoutNode()
    {
        if (NodeName.Length == 0) return this;
        var waiting = (PodInfo)MemberwiseClone();
        (waiting.NodeName, waiting.Class) = ("", null);
        return waiting;
    }

    /// <summary>Whether it counts on a node exactly as <paramref name="other"/>, another version of the same pod, does.</summary>
    public bool CountsAs(PodInfo other) => Uid == other.Uid && Terminating == other.Terminating && Requests.AsSpan().SequenceEqual(other.Requests) && LabelMaps.Same(Labels, other.Labels);

    /// <summary>Reads a pod; <paramref name="shared"/> are its labels as an object that other pods have in common, where there is one.</summary>
    public static PodInfo Of(Pod pod, ResourceColumns columns, IReadOnlyDictionary<string, string>? shared = null)
    {
        var affinity = pod.Spec.Affinity?.NodeAffinity;
        var demand = PodDemand.Of(pod.Spec, columns);
        var condition = PodStatusFacts.Condition(pod, "PodScheduled");
        var owner = PodStatusFacts.Controller(pod.Metadata);
        var labels = shared ?? (pod.Metadata.Labels is { Count: > 0 } own ? own : LabelMaps.None);
        return new PodInfo
        {
            Key = new ResourceKey("pods", pod.Metadata.Namespace, pod.Metadata.Name),
            Uid = pod.Metadata.UID,
            Labels = labels,
            Controller = owner is null ? ("", "") : (owner.Kind, owner.Name),
            AffinityTerms = PodAffinityTerms.Of(pod, labels),
            SpreadConstraints = [.. (pod.Spec.TopologySpreadConstraints ?? []).Select(c => SpreadConstraint.Of(c, pod.Metadata.Namespace, labels))],
            Images = [.. (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers ?? []).Select(c => ImageTable.WithTag(c.Image ?? ""))],
            Volumes = PodVolumes.Of(pod),
            NominatedNode = pod.Status.NominatedNodeName ?? "",
            StartTime = pod.Status.StartTime,
            Preempted = PodStatusFacts.Condition(pod, "DisruptionTarget") is { Status: "True", Reason: PreemptionReason },
            Priority = pod.Spec.Priority ?? 0,
            MayPreempt = pod.Spec.PreemptionPolicy != "Never",
            NodeName = pod.Spec.NodeName,
            Requests = demand.Requests,
            NonZeroMilliCpu = demand.NonZeroMilliCpu,
            NonZeroMemory = demand.NonZeroMemory,
            HostPorts = [.. HostPortsOf(pod.Spec)],
            Tolerations = pod.Spec.Tolerations ?? [],
            NodeSelector = pod.Spec.NodeSelector is { Count: > 0 } selector ? selector : null,
            RequiredNodeTerms = affinity?.RequiredDuringSchedulingIgnoredDuringExecution is { } required
                ? [.. (required.NodeSelectorTerms ?? []).Select(NodeTerm.Of)]
                : null,
            PreferredNodeTerms = [.. (affinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(p => ((long)p.Weight, NodeTerm.Of(p.Preference)))],
            Gated = pod.Spec.SchedulingGates is { Count: > 0 },
            Ended = PodStatusFacts.IsTerminal(pod),
            Terminating = pod.Metadata.DeletionTimestamp is not null,
            SchedulerName = pod.Spec.SchedulerName,
            ScheduledCondition = condition is null ? ("", "") : (condition.Reason ?? "", condition.Message ?? ""),
        };
    }

    /// <summary>Of containers and of init containers that keep running (sidecars): those hold their ports for the pod's life.</summary>
    private static IEnumerable<HostPort> HostPortsOf(PodSpec spec) =>
        (spec.InitContainers ?? []).Where(PodResources.IsSidecar).Concat(spec.Containers ?? [])
            .SelectMany(c => c.Ports ?? [])
            .Where(p => p.HostPort > 0)
            .Select(p => new HostPort(string.IsNullOrEmpty(p.Protocol) ? "TCP" : p.Protocol, string.IsNullOrEmpty(p.HostIP) ? HostPort.AnyAddress : p.HostIP, p.HostPort));
}
