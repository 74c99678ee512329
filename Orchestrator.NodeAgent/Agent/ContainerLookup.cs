using Orchestrator.NodeAgent.Pods;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>Which container a stream wants.</summary>
internal enum ContainerUse
{
    /// <summary>Its log, running or not.</summary>
    Log,

    /// <summary>The log of the try before.</summary>
    PreviousLog,

    /// <summary>A process in it: it must run.</summary>
    Running,

    /// <summary>The pod's address.</summary>
    Pod,
}

/// <summary>Asks a pod's worker for a container. Answered with <see cref="ContainerFound"/> or <see cref="ContainerNotFound"/>.</summary>
internal sealed record FindContainer(string PodUid, string PodName, string Container, ContainerUse Use);

/// <summary>The engine's id and the pod's address.</summary>
internal sealed record ContainerFound(string Id, string PodIp, bool Tty);

/// <summary>Refused, in the kubelet's words.</summary>
internal sealed record ContainerNotFound(ApiStatus Status);

/// <summary>Finds the container of a stream (upstream: kubelet's validateContainerLogStatus). Pure.</summary>
internal static class ContainerLookup
{
    public static object Find(FindContainer find, Pod pod, IReadOnlyList<PodContainer> containers, ObservedPod observed, PodStatus status, string podIp)
    {
        if (find.Use == ContainerUse.Pod) return podIp.Length > 0 ? new ContainerFound("", podIp, false) : Refuse($"pod {pod.Metadata.Name} has no address yet");
        if (containers.FirstOrDefault(c => c.Name == find.Container) is not { } container) return Refuse($"container {find.Container} is not valid for pod {pod.Metadata.Name}");
        var newest = observed.Newest(find.Container);
        var tty = container.Spec.TTY;
        switch (find.Use)
        {
            case ContainerUse.Running:
                return newest is { IsRunning: true }
                    ? new ContainerFound(newest.Id, podIp, tty)
                    : new ContainerNotFound(new ApiStatus(500, "InternalError", $"unable to upgrade connection: container not found (\"{find.Container}\")"));
            case ContainerUse.PreviousLog:
                // While the newest try has ended and waits for its successor, it is itself the previous one.
                var state = Status(status, find.Container);
                var previous = state?.State.Waiting is not null && newest is { HasEnded: true } ? newest : observed.Previous(find.Container);
                return previous is not null
                    ? new ContainerFound(previous.Id, podIp, tty)
                    : Refuse($"previous terminated container \"{find.Container}\" in pod \"{pod.Metadata.Name}\" not found");
            default:
                if (newest is not null && (newest.IsRunning || newest.HasEnded)) return new ContainerFound(newest.Id, podIp, tty);
                return Refuse(Status(status, find.Container)?.State.Waiting?.Reason switch
                {
                    "ErrImagePull" => $"container \"{find.Container}\" in pod \"{pod.Metadata.Name}\" is waiting to start: image can't be pulled",
                    "ImagePullBackOff" => $"container \"{find.Container}\" in pod \"{pod.Metadata.Name}\" is waiting to start: trying and failing to pull image",
                    { Length: > 0 } reason => $"container \"{find.Container}\" in pod \"{pod.Metadata.Name}\" is waiting to start: {reason}",
                    _ => $"container \"{find.Container}\" in pod \"{pod.Metadata.Name}\" is not available",
                });
        }
    }

    private static ContainerNotFound Refuse(string message) => new(ApiStatus.BadRequest(message));

    private static ContainerStatus? Status(PodStatus status, string name) =>
        (status.ContainerStatuses ?? []).Concat(status.InitContainerStatuses ?? []).Concat(status.EphemeralContainerStatuses ?? []).FirstOrDefault(c => c.Name == name);
}
