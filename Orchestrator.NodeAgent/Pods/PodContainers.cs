using System.Security.Cryptography;
using System.Text;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>What a container is for in its pod.</summary>
public enum ContainerKind
{
    /// <summary>Runs to its end before the next one.</summary>
    Init,

    /// <summary>An init container with restartPolicy Always: keeps running beside the others.</summary>
    Sidecar,

    /// <summary>A regular container.</summary>
    App,

    /// <summary>Added for debugging; never restarted.</summary>
    Ephemeral,
}

/// <summary>A container of a pod with its part in it.</summary>
public sealed record PodContainer(Container Spec, ContainerKind Kind)
{
    /// <summary>Its name.</summary>
    public string Name => Spec.Name;

    /// <summary>Fingerprint of name and image: the only parts whose change needs another container (as the kubelet since 1.31).</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Spec.Name}\n{Spec.Image}")))[..12];

    /// <summary>The path by which the kubelet's events name it: <c>spec.containers{web}</c>.</summary>
    public string FieldPath => Kind switch
    {
        ContainerKind.Init or ContainerKind.Sidecar => $"spec.initContainers{{{Name}}}",
        ContainerKind.Ephemeral => $"spec.ephemeralContainers{{{Name}}}",
        _ => $"spec.containers{{{Name}}}",
    };
}

/// <summary>The containers of a pod in the order in which they start.</summary>
public static class PodContainers
{
    /// <summary>Init containers and sidecars as declared, then containers, then ephemeral ones.</summary>
    public static IReadOnlyList<PodContainer> Of(PodSpec spec) =>
    [
        .. (spec.InitContainers ?? []).Select(c => new PodContainer(c, PodResources.IsSidecar(c) ? ContainerKind.Sidecar : ContainerKind.Init)),
        .. (spec.Containers ?? []).Select(c => new PodContainer(c, ContainerKind.App)),
        .. (spec.EphemeralContainers ?? []).Select(c => new PodContainer(TypedJson.Read<Container>(TypedJson.Write(c).AsMemory()), ContainerKind.Ephemeral)),
    ];

    /// <summary><c>name_namespace(uid)</c>, as the kubelet's messages name a pod.</summary>
    public static string Format(Pod pod) => $"{pod.Metadata.Name}_{pod.Metadata.Namespace}({pod.Metadata.UID})";

    /// <summary>The pod's host name: spec.hostname, or its name cut to 63 characters.</summary>
    public static string HostName(Pod pod)
    {
        if (pod.Spec.Hostname.Length > 0) return pod.Spec.Hostname;
        var name = pod.Metadata.Name;
        return name.Length <= 63 ? name : name[..63].TrimEnd('-', '.');
    }
}
