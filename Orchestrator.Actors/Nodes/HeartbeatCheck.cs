namespace Orchestrator.Actors.Nodes;

/// <summary>Whether a node's silence means that it is lost.</summary>
public static class HeartbeatCheck
{
    /// <summary>
    /// A check that comes late itself says that this process is: the signs of life may be as late, and have that much more time.
    /// </summary>
    /// <param name="now">When the check is made.</param>
    /// <param name="due">When it was to be made.</param>
    /// <param name="heard">When the node was heard of last.</param>
    /// <param name="grace">How long it may be silent.</param>
    /// <returns>Whether it is lost, and after how long to look again.</returns>
    public static (bool Lost, TimeSpan Next) Judge(DateTimeOffset now, DateTimeOffset due, DateTimeOffset heard, TimeSpan grace)
    {
        var allowed = now > due ? grace + (now - due) : grace;
        var silent = now - heard;
        return silent >= allowed ? (true, grace) : (false, allowed - silent);
    }
}
