namespace Orchestrator.NodeAgent.Pods;

/// <summary>A container cannot be made from its spec as things are (a missing key, a forbidden user): the waiting reason and its message.</summary>
public sealed class ContainerConfigException(string message, string reason = "CreateContainerConfigError") : Exception(message)
{
    /// <summary>The waiting reason, e.g. <c>CreateContainerConfigError</c>.</summary>
    public string Reason { get; } = reason;
}
