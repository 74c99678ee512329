using System.Text.Json.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Hosting;

/// <summary>How the gateway changes objects: commands to their actors. The gateway itself decides nothing about an object.</summary>
public interface IResourceWrites
{
    /// <summary>A create command for a decoded object: defaulted, admitted, validated. Throws <see cref="Orchestrator.Resources.Errors.StatusException"/> for a refusal.</summary>
    CreateResource PrepareCreate(ResourceKind kind, string ns, JsonObject obj, WriteContext context);

    /// <summary>The actor's answer.</summary>
    Task<ResourceReply> SendAsync(ResourceCommand command, CancellationToken cancel);
}
