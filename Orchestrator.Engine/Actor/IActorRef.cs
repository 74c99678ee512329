namespace Orchestrator.Engine.Actor;

/// <summary>Placeholder until the engine lands.</summary>
public interface IActorRef;
