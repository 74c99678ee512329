using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Patches;

/// <summary>The two ways a patch is refused: not a patch (400), or a patch that does not apply to this object (422).</summary>
internal static class PatchErrors
{
    /// <summary>The document is no well-formed patch.</summary>
    internal static StatusException Malformed(string why) => ApiStatus.BadRequest(why).AsException();

    /// <summary>
    /// The patch does not apply. Upstream's generic 422 hides the reason; it is kept as message and given the reason as a cause, so that a
    /// client can see why.
    /// </summary>
    internal static StatusException DoesNotApply(string why) =>
        new ApiStatus(422, "Invalid", $"the server rejected our request due to an error in our request: {why}") { Causes = [new StatusCause("UnexpectedServerResponse", why, "")] }.AsException();
}
