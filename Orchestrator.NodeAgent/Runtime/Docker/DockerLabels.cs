namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// Labels the runtime itself puts on every container, beside those of the specs. They are what adoption after a restart reads: nothing else
/// remembers a pod's address or published ports.
/// </summary>
public static class DockerLabels
{
    /// <summary>The owning cluster.</summary>
    public const string Cluster = "io.orchestrator.cluster";

    /// <summary>The owning node.</summary>
    public const string Node = "io.orchestrator.node";

    /// <summary><see cref="SandboxRole"/> or <see cref="ContainerRole"/>.</summary>
    public const string Role = "io.orchestrator.role";

    /// <summary>A sandbox's address in the pod network; absent on the host network.</summary>
    public const string Ip = "io.orchestrator.ip";

    /// <summary>A sandbox's published ports, as <see cref="Network.HostPortSyntax"/> writes them.</summary>
    public const string HostPorts = "io.orchestrator.host-ports";

    /// <summary>The pod's cgroup, as given by the sandbox's spec.</summary>
    public const string CgroupParent = "io.orchestrator.cgroup-parent";

    /// <summary>A container's sandbox.</summary>
    public const string Sandbox = "io.orchestrator.sandbox";

    /// <summary>Value of <see cref="Role"/> for a pod's sandbox.</summary>
    public const string SandboxRole = "sandbox";

    /// <summary>Value of <see cref="Role"/> for a container of a pod.</summary>
    public const string ContainerRole = "container";
}
