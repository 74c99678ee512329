using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

internal sealed partial class RemoteLog(ILogger logger)
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Connected with {Remote}")]
    public partial void Associated(Address remote);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Connection with {Remote} has ended: {Reason}")]
    public partial void Disassociated(Address remote, string reason);

    [LoggerMessage(EventId = 3, Message = "{Remote} cannot be reached ({Failures} times so far); next attempt in {Pause}: {Reason}")]
    public partial void DialFailed(LogLevel level, Address remote, int failures, TimeSpan pause, string reason);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "A connection was turned away: {Reason}")]
    public partial void Refused(string reason);

    [LoggerMessage(EventId = 5, Level = LogLevel.Error, Message = "{Message} for {Recipient} could not be sent: {Reason}")]
    public partial void NotSent(Type message, string recipient, string reason);

    [LoggerMessage(EventId = 6, Level = LogLevel.Error, Message = "{Remote} did not understand a message for {Recipient}: {Reason}")]
    public partial void NotUnderstood(Address remote, string recipient, string reason);

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message = "A message of {Remote} for {Recipient} was refused: {Reason}")]
    public partial void RefusedMessage(Address remote, string recipient, string reason);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "{Count} messages wait for {Remote}; more are dead letters")]
    public partial void QueueFull(Address remote, int count);

    [LoggerMessage(EventId = 9, Level = LogLevel.Warning, Message = "{Remote} is given up")]
    public partial void AddressTerminated(Address remote);

    [LoggerMessage(EventId = 10, Level = LogLevel.Debug, Message = "A frame of kind {Kind} from {Remote} is not known here")]
    public partial void UnknownFrame(Address remote, byte kind);

    [LoggerMessage(EventId = 11, Level = LogLevel.Error, Message = "A stream of {Remote} failed")]
    public partial void StreamFailed(Address remote, Exception cause);
}
