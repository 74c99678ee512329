using Microsoft.Extensions.Logging;

namespace Orchestrator.Engine.Actor;

/// <summary>What the engine itself logs.</summary>
internal sealed partial class EngineLog(ILogger logger)
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Path} failed: {Directive}")]
    public partial void ChildFailed(ActorPath path, Directive directive, Exception cause);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "{Path} failed in PreRestart")]
    public partial void PreRestartFailed(ActorPath path, Exception cause);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "{Path} failed in PostStop")]
    public partial void PostStopFailed(ActorPath path, Exception cause);

    [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "{Path} failed again while its supervisor has yet to decide")]
    public partial void FailedAgain(ActorPath path, Exception cause);

    [LoggerMessage(EventId = 5, Level = LogLevel.Error, Message = "{PersistenceId}: event {SequenceNr} could not be written; the actor stops")]
    public partial void PersistFailed(string persistenceId, long sequenceNr, Exception cause);

    [LoggerMessage(EventId = 6, Level = LogLevel.Error, Message = "{PersistenceId}: event {SequenceNr} was rejected")]
    public partial void PersistRejected(string persistenceId, long sequenceNr, Exception cause);

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message = "{PersistenceId}: recovery failed at event {SequenceNr}; the actor stops")]
    public partial void RecoveryFailed(string persistenceId, long sequenceNr, Exception cause);

    [LoggerMessage(EventId = 8, Level = LogLevel.Error, Message = "Entity {EntityId} of {TypeName} could not be started")]
    public partial void EntityNotStarted(string typeName, string entityId, Exception cause);

    [LoggerMessage(EventId = 9, Level = LogLevel.Warning, Message = "Hand-off of shard {Shard} of {TypeName} was not finished within {Timeout}")]
    public partial void HandOffLate(string typeName, string shard, TimeSpan timeout);

    [LoggerMessage(EventId = 10, Level = LogLevel.Warning, Message = "Shutdown task {Task} in phase {Phase} failed or was late")]
    public partial void ShutdownTaskFailed(string task, string phase, Exception cause);

    [LoggerMessage(EventId = 11, Level = LogLevel.Error, Message = "Shards of {TypeName} could not be assigned")]
    public partial void ShardsNotAssigned(string typeName, Exception cause);

    [LoggerMessage(EventId = 12, Level = LogLevel.Error, Message = "Shard {Shard} of {TypeName} cannot start here yet")]
    public partial void ShardNotReady(string typeName, string shard, Exception cause);

    [LoggerMessage(EventId = 13, Level = LogLevel.Warning, Message = "This member is down: {Count} shards of {TypeName} are stopped")]
    public partial void ShardsStopped(string typeName, int count);
}
