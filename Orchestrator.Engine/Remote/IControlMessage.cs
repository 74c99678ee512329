namespace Orchestrator.Engine.Remote;

/// <summary>A message of the engine itself: on its way to another system it overtakes what waits, and is never refused for want of room.</summary>
internal interface IControlMessage;
