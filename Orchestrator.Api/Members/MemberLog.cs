using Microsoft.Extensions.Logging;

namespace Orchestrator.Api.Members;

/// <summary>What a member has to say.</summary>
internal sealed partial class MemberLog(ILogger logger)
{
    private readonly ILogger _logger = logger;

    [LoggerMessage(1, LogLevel.Warning, "This member has the lease {Lease}, but its view has not caught up yet; trying again.")]
    public partial void NotCaughtUp(string lease, Exception cause);
}
