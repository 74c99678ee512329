using System.Text.Json.Nodes;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Resources;

/// <summary>Sends commands to objects' actors from outside the actor system (the gateway, start-up, tests).</summary>
public sealed class ResourceClient(ControlPlaneServices services)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>The shared services behind this client.</summary>
    public ControlPlaneServices Services { get; } = services;

    /// <summary>The actor's answer. A command that gets none within the deadline, or whose member is gone, may or may not have been done: 504 <c>Timeout</c>; 503 where it never reached one.</summary>
    public async Task<ResourceReply> SendAsync(ResourceCommand command, CancellationToken cancel = default)
    {
        try
        {
            return await Services.Region.Ask<ResourceReply>(command, Deadline, cancel);
        }
        catch (PeerLostException lost)
        {
            return new ResourceRefused(command.Key, lost.Sent
                ? new ApiStatus(504, "Timeout", $"Timeout: the member of the control plane that had {command.Key} is gone") { RetryAfterSeconds = 1 }
                : ApiStatus.ServiceUnavailable("the member of the control plane that has the object cannot be reached; nothing was written"));
        }
        catch (AskTimeoutException)
        {
            return new ResourceRefused(command.Key, new ApiStatus(504, "Timeout", $"Timeout: the actor of {command.Key} did not answer") { RetryAfterSeconds = 1 });
        }
    }

    /// <summary>
    /// Creates an object, which belongs to the command afterwards, where none of its name is there; what is there stays as it is. Throws
    /// <see cref="StatusException"/> for a refusal.
    /// </summary>
    public async Task EnsureAsync(string resource, string ns, JsonObject obj, WriteContext context, CancellationToken cancel = default)
    {
        var kind = Services.Catalog.Get(resource);
        if (Services.Cache.Get(kind.Key(ns, ObjectMeta.Get(obj, "name"))) is not null) return;
        var reply = await SendAsync(ResourceWriter.PrepareCreate(Services, kind, ns, obj, context), cancel);
        if (reply is ResourceRefused { Status.Reason: not "AlreadyExists" } refused) throw refused.Status.AsException();
    }
}
