using Orchestrator.Engine.Persistence;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Actors.Resources;

/// <summary>What a client is told of a write that the journal did not confirm.</summary>
internal static class RefusedWrite
{
    /// <summary>503: somebody else has the object, or is about to; nothing was written, and the same request may be sent again.</summary>
    public static ApiStatus Moved => ApiStatus.ServiceUnavailable("the object has moved to another member of the control plane; nothing was written");

    /// <summary>503 where nothing was written, so that the same request may be sent again; 504 where the journal could not say whether it was.</summary>
    public static ApiStatus Status(Exception cause) => cause switch
    {
        FencedException or ConcurrentWriterException => Moved,
        _ => new ApiStatus(504, "Timeout", $"Timeout: the write was not confirmed: {cause.Message}") { RetryAfterSeconds = 1 },
    };
}
