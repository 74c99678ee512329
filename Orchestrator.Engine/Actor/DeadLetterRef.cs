namespace Orchestrator.Engine.Actor;

/// <summary>Where messages to nobody go: published as <see cref="DeadLetter"/> unless they are marked as not worth it.</summary>
internal sealed class DeadLetterRef(ActorPath path, ActorSystem system) : InternalActorRef(path)
{
    internal override ActorSystem System => system;

    public override void Tell(object message, IActorRef? sender)
    {
        var letter = message as DeadLetter ?? new DeadLetter(message, sender, this);

        // A letter about a letter would go round for ever.
        if (letter.Message is IDeadLetterSuppression or DeadLetter)
            return;
        system.EventStream.Publish(letter);
    }
}
