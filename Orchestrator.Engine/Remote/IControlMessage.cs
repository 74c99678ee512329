using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

/// <summary>A message of the engine itself: on its way to another system it overtakes what waits, and is never refused for want of room.</summary>
internal interface IControlMessage;

/// <summary>
/// A message whose sender finds another way for it. Where it has certainly not been sent, because the other system was given up before, it comes back as <see cref="UnsentMessage"/> on the
/// event stream instead of becoming a dead letter.
/// </summary>
internal interface IReroutedWhenUnsent;

/// <summary>It has never left this process.</summary>
internal sealed record UnsentMessage(object Message, IActorRef? Sender, IActorRef Recipient);
