using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>Everything a pod's status depends on.</summary>
public sealed record PodStatusInput
{
    /// <summary>The pod; its stored status gives transition times and conditions that are not the agent's.</summary>
    public required Pod Pod { get; init; }

    /// <summary>The status that this one follows on; null for the stored one.</summary>
    public PodStatus? Before { get; init; }

    /// <summary>The conditions that this status follows on; null for those of <see cref="Before"/>.</summary>
    public IReadOnlyList<PodCondition>? BeforeConditions { get; init; }

    internal PodStatus Old => Before ?? Pod.Status;

    internal IReadOnlyList<PodCondition> OldConditions => BeforeConditions ?? Old.Conditions ?? [];

    /// <summary>Its containers.</summary>
    public required IReadOnlyList<PodContainer> Containers { get; init; }

    /// <summary>The engine's picture.</summary>
    public required ObservedPod Observed { get; init; }

    /// <summary>Health by container name.</summary>
    public IReadOnlyDictionary<string, ContainerHealth> Health { get; init; } = SmallMap<ContainerHealth>.Empty;

    /// <summary>Why a container could not be started, by name.</summary>
    public IReadOnlyDictionary<string, WaitingReason> StartErrors { get; init; } = SmallMap<WaitingReason>.Empty;

    /// <summary>Back-off delays by name.</summary>
    public IReadOnlyDictionary<string, TimeSpan> BackingOff { get; init; } = SmallMap<TimeSpan>.Empty;

    /// <summary>The node's address.</summary>
    public string HostIp { get; init; } = "";

    /// <summary>Reason and message of a pod that the agent itself has failed (DeadlineExceeded), or null.</summary>
    public WaitingReason? Failure { get; init; }

    /// <summary>Nothing of the pod will be started again.</summary>
    public bool Final { get; init; }

    /// <summary>Now.</summary>
    public required DateTimeOffset Now { get; init; }
}

/// <summary>A pod's status in the kubelet's words: phase, conditions, container statuses, addresses. Pure; equal facts give equal bytes.</summary>
public static class PodStatusBuilder
{
    /// <summary>Builds it.</summary>
    public static PodStatus Build(PodStatusInput input)
    {
        var pod = input.Pod;
        var old = input.Old;
        var initializing = Initializing(input);
        var status = new PodStatus
        {
            Message = input.Failure?.Message ?? "",
            Reason = input.Failure?.Reason ?? "",
            NominatedNodeName = old.NominatedNodeName,
            HostIP = input.HostIp,
            HostIPs = input.HostIp.Length > 0 ? [new HostIP { IP = input.HostIp }] : null,
            StartTime = old.StartTime ?? new DateTimeOffset(input.Now.Ticks - (input.Now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero),
            QOSClass = old.QOSClass.Length > 0 ? old.QOSClass : QosClass.Of(pod.Spec),
            InitContainerStatuses = Statuses(input, initializing, ContainerKind.Init, ContainerKind.Sidecar),
            ContainerStatuses = Statuses(input, initializing, ContainerKind.App),
            EphemeralContainerStatuses = Statuses(input, false, ContainerKind.Ephemeral),
        };
        var ip = pod.Spec.HostNetwork ? input.HostIp : input.Observed.Sandbox is { Running: true, Ip: { Length: > 0 } own } ? own : old.PodIP;
        status.PodIP = ip;
        status.PodIPs = ip.Length > 0 ? [new PodIP { IP = ip }] : null;
        status.Phase = input.Failure is not null ? "Failed" : Phase(input, status, initializing);
        status.Conditions = Conditions(input, status);
        return status;
    }

    private static List<ContainerStatus>? Statuses(PodStatusInput input, bool initializing, params ContainerKind[] kinds)
    {
        var list = input.Containers.Where(c => kinds.Contains(c.Kind)).Select(c => ContainerStatusBuilder.Build(c, input, initializing)).ToList();
        return list.Count > 0 ? list : null;
    }

    private static bool Initializing(PodStatusInput input) =>
        input.Containers.Any(c => c.Kind is ContainerKind.Init or ContainerKind.Sidecar) && !input.Containers.Any(c => c.Kind == ContainerKind.App && input.Observed.Newest(c.Name) is not null);

    private static string Phase(PodStatusInput input, PodStatus status, bool initializing)
    {
        if (input.Old.Phase is "Succeeded" or "Failed") return input.Old.Phase;
        var never = input.Pod.Spec.RestartPolicy == "Never";
        if (initializing)
        {
            var inits = input.Containers.Where(c => c.Kind == ContainerKind.Init).Select(c => input.Observed.Newest(c.Name)).ToList();
            if (never && inits.Any(c => c is { HasEnded: true, Succeeded: false })) return "Failed";
            return input.Final ? "Failed" : "Pending";
        }
        int running = 0, waiting = 0, stopped = 0, succeeded = 0;
        foreach (var container in status.ContainerStatuses ?? [])
        {
            if (container.State.Running is not null) running++;
            else if (container.State.Terminated is { } terminated)
            {
                stopped++;
                if (terminated.ExitCode == 0) succeeded++;
            }
            else if (container.LastTerminationState.Terminated is not null) stopped++;
            else waiting++;
        }
        if (waiting > 0) return input.Final ? "Failed" : "Pending";
        if (running > 0) return "Running";
        if (stopped == 0) return "Pending";
        if (input.Final) return stopped == succeeded ? "Succeeded" : "Failed";
        return input.Pod.Spec.RestartPolicy switch
        {
            "Always" => "Running",
            _ when stopped == succeeded => "Succeeded",
            "Never" => "Failed",
            _ => "Running",
        };
    }

    private static List<PodCondition> Conditions(PodStatusInput input, PodStatus status)
    {
        var ended = status.Phase switch { "Succeeded" => "PodCompleted", "Failed" => "PodFailed", _ => null };
        var containersReady = ended is not null ? (false, ended, "") : ContainersReady(input, status);
        var ready = !containersReady.Item1 ? containersReady : Gates(input);
        var own = new List<PodCondition>
        {
            Condition("PodReadyToStartContainers", (input.Observed.Sandbox is { Running: true }, "", "")),
            Condition("Initialized", Initialized(input, status)),
            Condition("Ready", ready),
            Condition("ContainersReady", containersReady),
            Condition("PodScheduled", (true, "", "")),
        };
        foreach (var condition in own)
        {
            var before = input.OldConditions.FirstOrDefault(c => c.Type == condition.Type);
            condition.LastTransitionTime = before is not null && before.Status == condition.Status && before.LastTransitionTime is not null
                ? before.LastTransitionTime
                : new DateTimeOffset(input.Now.Ticks - (input.Now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        }
        own.AddRange(input.OldConditions.Where(c => own.TrueForAll(o => o.Type != c.Type)));
        return own;
    }

    private static PodCondition Condition(string type, (bool Is, string Reason, string Message) state) =>
        new() { Type = type, Status = state.Is ? "True" : "False", Reason = state.Reason, Message = state.Message };

    private static (bool Is, string Reason, string Message) Initialized(PodStatusInput input, PodStatus status)
    {
        if (status.Phase == "Succeeded") return (true, "PodCompleted", "");
        if (!Initializing(input)) return (true, "", "");
        var incomplete = (status.InitContainerStatuses ?? []).Where(c =>
            input.Containers.First(x => x.Name == c.Name).Kind == ContainerKind.Sidecar ? c.Started != true : !c.Ready).Select(c => c.Name).ToList();
        return incomplete.Count == 0 ? (true, "", "") : (false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', incomplete)}]");
    }

    private static (bool Is, string Reason, string Message) ContainersReady(PodStatusInput input, PodStatus status)
    {
        var sidecars = (status.InitContainerStatuses ?? []).Where(c => input.Containers.First(x => x.Name == c.Name).Kind == ContainerKind.Sidecar);
        var unready = sidecars.Concat(status.ContainerStatuses ?? []).Where(c => !c.Ready).Select(c => c.Name).ToList();
        return unready.Count == 0 ? (true, "", "") : (false, "ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]");
    }

    private static (bool Is, string Reason, string Message) Gates(PodStatusInput input)
    {
        var missing = new List<string>();
        foreach (var gate in input.Pod.Spec.ReadinessGates ?? [])
        {
            var condition = input.OldConditions.FirstOrDefault(c => c.Type == gate.ConditionType);
            if (condition is null) missing.Add($"corresponding condition of pod readiness gate \"{gate.ConditionType}\" does not exist.");
            else if (condition.Status != "True") missing.Add($"the status of pod readiness gate \"{gate.ConditionType}\" is not \"True\", but {condition.Status}");
        }
        return missing.Count == 0 ? (true, "", "") : (false, "ReadinessGatesNotReady", string.Join(", ", missing));
    }
}
