namespace Orchestrator.Resources.Errors;

/// <summary>A refusal that reaches the client as a Kubernetes <c>Status</c>. Thrown by pure code; the gateway and the actors turn it into a reply.</summary>
public class StatusException(ApiStatus status) : Exception(status.Message)
{
    /// <summary>What the client is told.</summary>
    public ApiStatus Status { get; } = status;
}
