using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Tests.NodeAgent.Pods;

/// <summary>Pods for tests.</summary>
internal static class PodBuilder
{
    public static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Pod Pod(string name = "web", string restartPolicy = "Always", params Container[] containers)
    {
        var pod = new Pod();
        pod.Metadata.Name = name;
        pod.Metadata.Namespace = "default";
        pod.Metadata.UID = $"uid-{name}";
        pod.Metadata.ResourceVersion = "1";
        pod.Spec.NodeName = "node-1";
        pod.Spec.RestartPolicy = restartPolicy;
        pod.Spec.TerminationGracePeriodSeconds = 30;
        pod.Spec.Containers = containers.Length > 0 ? [.. containers] : [Container("main")];
        return pod;
    }

    public static Container Container(string name) => new()
    {
        Name = name,
        Image = "busybox:1",
        ImagePullPolicy = "IfNotPresent",
        TerminationMessagePath = "/dev/termination-log",
        TerminationMessagePolicy = "File",
    };

    public static ObservedContainer Observed(string name, ContainerPhase phase, int exitCode = 0, int attempt = 0, int level = 0, string sandbox = "s0", int ranSeconds = 1) => new()
    {
        Id = $"{name}-{attempt}",
        Name = name,
        Attempt = attempt,
        BackOffLevel = level,
        SandboxId = sandbox,
        Phase = phase,
        ExitCode = exitCode,
        SpecHash = new PodContainer(Container(name), ContainerKind.App).Hash,
        CreatedAt = Start,
        StartedAt = Start,
        FinishedAt = phase == ContainerPhase.Exited ? Start.AddSeconds(ranSeconds) : null,
        Image = "busybox:1",
        ImageId = "sha256:1",
    };

    public static ObservedPod WithSandbox(params ObservedContainer[] containers) =>
        containers.Aggregate(ObservedPod.Empty.With(new ObservedSandbox("s0", 0, true, "10.244.0.2", Start)), (pod, c) => pod.With(c));

    public static PodPlanInput Input(Pod pod, ObservedPod observed, DateTimeOffset? now = null, bool stopping = false) => new()
    {
        Spec = pod.Spec,
        Containers = PodContainers.Of(pod.Spec),
        Observed = observed,
        Busy = new HashSet<string>(),
        Health = new Dictionary<string, ContainerHealth>(),
        Stopping = stopping,
        VolumesReady = true,
        Now = now ?? Start.AddSeconds(1),
    };
}
