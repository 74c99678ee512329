namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>Which Docker Engine a node uses, and whose containers are its own.</summary>
public sealed record DockerOptions
{
    /// <summary>Identity of the cluster; several clusters share one engine without seeing each other.</summary>
    public required string ClusterId { get; init; }

    /// <summary>Name of the node; several nodes share one engine as well.</summary>
    public required string NodeName { get; init; }

    /// <summary>All pod addresses of the cluster. Traffic that leaves it is masqueraded, traffic inside it is not.</summary>
    public required string ClusterCidr { get; init; }

    /// <summary>The engine's unix socket.</summary>
    public string SocketPath { get; init; } = "/var/run/docker.sock";

    /// <summary>Largest packet of the pod network, bytes.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Size at which a container's log file is rotated, as the engine writes sizes (kubelet's containerLogMaxSize).</summary>
    public string LogMaxSize { get; init; } = "10m";

    /// <summary>Log files kept per container (kubelet's containerLogMaxFiles).</summary>
    public int LogMaxFiles { get; init; } = 5;
}
