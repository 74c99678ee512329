using System.Net;
using Orchestrator.NodeAgent.Network;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>What the runtime must know of a sandbox later; read from its labels.</summary>
internal sealed record SandboxMemory(IPAddress? Ip, IReadOnlyList<HostPort> HostPorts, string? CgroupParent)
{
    public static SandboxMemory FromLabels(IReadOnlyDictionary<string, string> labels) => new(
        labels.GetValueOrDefault(DockerLabels.Ip) is { } ip ? IPAddress.Parse(ip) : null,
        HostPortSyntax.Parse(labels.GetValueOrDefault(DockerLabels.HostPorts)),
        labels.GetValueOrDefault(DockerLabels.CgroupParent));
}
