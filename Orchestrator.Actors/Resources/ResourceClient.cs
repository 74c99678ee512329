using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Actors.Resources;

/// <summary>Sends commands to objects' actors from outside the actor system (the gateway, start-up, tests).</summary>
public sealed class ResourceClient(ControlPlaneServices services)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>The shared services behind this client.</summary>
    public ControlPlaneServices Services { get; } = services;

    /// <summary>The actor's answer. A command that gets none within the deadline may or may not have been done: 504 <c>Timeout</c>.</summary>
    public async Task<ResourceReply> SendAsync(ResourceCommand command, CancellationToken cancel = default)
    {
        try
        {
            return await Services.Region.Ask<ResourceReply>(command, Deadline, cancel);
        }
        catch (AskTimeoutException)
        {
            return new ResourceRefused(command.Key, new ApiStatus(504, "Timeout", $"Timeout: the actor of {command.Key} did not answer") { RetryAfterSeconds = 1 });
        }
    }
}
