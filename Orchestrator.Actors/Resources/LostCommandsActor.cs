using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;

namespace Orchestrator.Actors.Resources;

/// <summary>Answers commands that no object's actor will: they were waiting when it stopped because the journal had refused a write of its. None of them was begun.</summary>
internal sealed class LostCommandsActor : ReceiveActor
{
    public LostCommandsActor() => Receive<DeadLetter>(OnDeadLetter);

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));

    private void OnDeadLetter(DeadLetter letter)
    {
        if (letter.Message is ResourceCommand command)
            letter.Sender?.Tell(new ResourceRefused(command.Key, RefusedWrite.Moved), Self);
    }
}
