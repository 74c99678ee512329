using System.Globalization;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>Facts a container or sandbox is made from besides its pod.</summary>
/// <param name="ClusterId">Owner of the container.</param>
/// <param name="NodeName">The node.</param>
/// <param name="NodeMemoryBytes">For the OOM score.</param>
public sealed record PodPlacement(string ClusterId, string NodeName, long NodeMemoryBytes);

/// <summary>Sandboxes and containers as the engine is asked to make them. Pure but for sub-paths, which are made inside their volumes.</summary>
public static class ContainerSpecBuilder
{
    /// <summary>A try of the pod's sandbox.</summary>
    public static SandboxSpec Sandbox(Pod pod, int attempt, PodPlacement placement) => new()
    {
        Name = $"k8s_POD_{pod.Metadata.Name}_{pod.Metadata.Namespace}_{pod.Metadata.UID}_{attempt}",
        HostName = PodContainers.HostName(pod),
        Labels = Labels(pod, placement, (PodLabels.Role, PodLabels.SandboxRole), (PodLabels.Attempt, Text(attempt))),
        HostNetwork = pod.Spec.HostNetwork,
        HostPid = pod.Spec.HostPID,
        HostIpc = pod.Spec.HostIPC,
        ShareProcessNamespace = pod.Spec.ShareProcessNamespace == true,
        Sysctls = (pod.Spec.SecurityContext?.Sysctls ?? []).ToDictionary(s => s.Name, s => s.Value),
        HostPorts = pod.Spec.HostNetwork ? [] : [.. (pod.Spec.Containers ?? []).Concat(pod.Spec.InitContainers ?? []).SelectMany(c => c.Ports ?? []).Where(p => p.HostPort > 0)
            .Select(p => new HostPort(p.HostIP, p.HostPort, p.ContainerPortValue, p.Protocol.Length > 0 ? p.Protocol : "TCP"))],
    };

    /// <summary>A try of a container.</summary>
    public static ContainerSpec Container(Pod pod, StartContainer start, ImageState image, IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, MountedVolume> volumes,
        PodDirectory directory, PodPlacement placement)
    {
        var container = start.Container.Spec;
        var termination = directory.TerminationLog(container.Name, start.Attempt);
        var mounts = VolumeMounts.For(container, volumes, environment.GetValueOrDefault).ToList();
        AddFile("/etc/hosts", directory.HostsFile);
        AddFile("/etc/resolv.conf", directory.ResolvFile);
        if (container.TerminationMessagePath.Length > 0) AddFile(container.TerminationMessagePath, termination);
        var spec = new ContainerSpec
        {
            Name = $"k8s_{container.Name}_{pod.Metadata.Name}_{pod.Metadata.Namespace}_{pod.Metadata.UID}_{start.Attempt}",
            SandboxId = start.SandboxId,
            Image = image.Id.Length > 0 ? image.Id : container.Image,
            Labels = Labels(pod, placement,
                (PodLabels.Role, PodLabels.ContainerRole),
                (PodLabels.ContainerName, container.Name),
                (PodLabels.Attempt, Text(start.Attempt)),
                (PodLabels.BackOffLevel, Text(start.BackOffLevel)),
                (PodLabels.SpecHash, start.Container.Hash),
                (PodLabels.Sandbox, start.SandboxId),
                (PodLabels.Image, container.Image),
                (PodLabels.TerminationMessageFile, termination),
                (PodLabels.TerminationMessagePolicy, container.TerminationMessagePolicy)),
            Command = container.Command is { Count: > 0 } command ? [.. command.Select(Expand)] : null,
            Args = container.Args is { Count: > 0 } args ? [.. args.Select(Expand)] : null,
            Env = [.. environment.Select(e => $"{e.Key}={e.Value}")],
            WorkingDir = container.WorkingDir.Length > 0 ? container.WorkingDir : null,
            Mounts = mounts,
            Tty = container.TTY,
            Stdin = container.Stdin,
            StdinOnce = container.StdinOnce,
            ShareProcessNamespace = pod.Spec.ShareProcessNamespace == true,
            HostPid = pod.Spec.HostPID,
        };
        return SecurityMapping.Apply(SecurityMapping.ApplyResources(spec, pod, container, placement.NodeMemoryBytes), pod, container, image.User);

        string Expand(string text) => VariableExpansion.Expand(text, environment.GetValueOrDefault);

        // A volume that the pod mounts at the same place wins.
        void AddFile(string path, string source)
        {
            if (mounts.TrueForAll(m => m.ContainerPath != path)) mounts.Add(new MountSpec(source, path, false, "private"));
        }
    }

    /// <summary>Those that everything of a pod has, and the container's or sandbox's own.</summary>
    private static SmallMap<string> Labels(Pod pod, PodPlacement placement, params ReadOnlySpan<(string Name, string Value)> own) => new(
    [
        (PodLabels.Cluster, placement.ClusterId),
        (PodLabels.Node, placement.NodeName),
        (PodLabels.PodName, pod.Metadata.Name),
        (PodLabels.PodNamespace, pod.Metadata.Namespace),
        (PodLabels.PodUid, pod.Metadata.UID),
        .. own,
    ]);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
