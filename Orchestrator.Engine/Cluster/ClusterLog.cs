using Microsoft.Extensions.Logging;

namespace Orchestrator.Engine.Cluster;

/// <summary>What membership logs.</summary>
internal sealed partial class ClusterLog(ILogger logger)
{
    [LoggerMessage(EventId = 200, Level = LogLevel.Information, Message = "{Member} has joined at epoch {Epoch}")]
    public partial void Joined(string member, long epoch);

    [LoggerMessage(EventId = 201, Level = LogLevel.Warning, Message = "{Member} could not {Step}; it is tried again")]
    public partial void StepFailed(string member, string step, Exception cause);

    [LoggerMessage(EventId = 202, Level = LogLevel.Error, Message = "{Member} is no longer part of the cluster at epoch {Epoch}: {Reason}; everything it runs stops, then it joins again")]
    public partial void LifeOver(string member, long epoch, string reason);

    [LoggerMessage(EventId = 203, Level = LogLevel.Error, Message = "Another process runs as member {Member}; this one waits until that is gone. Give each member an id of its own")]
    public partial void AnotherProcess(string member);

    [LoggerMessage(EventId = 204, Level = LogLevel.Warning, Message = "Declared down because their leases are over, or they are cut off from the others: {Members}")]
    public partial void Downed(string members);

    [LoggerMessage(EventId = 205, Level = LogLevel.Warning, Message = "{Member} was reported unreachable")]
    public partial void Reported(string member);

    [LoggerMessage(EventId = 206, Level = LogLevel.Warning, Message = "{Member} is cut off from other members, which hear of each other: it gives up the lead")]
    public partial void GivesUpTheLead(string member);
}
