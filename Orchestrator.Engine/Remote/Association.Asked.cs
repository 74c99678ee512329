using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

/// <summary>Who waits here for an answer from there. When the other side is gone, none will come: they are told at once, and need not wait until they give up.</summary>
internal sealed partial class Association
{
    private readonly ConcurrentDictionary<TemporaryActorRef, bool> _asking = new(ReferenceEqualityComparer.Instance);

    /// <summary>How many wait.</summary>
    public int Asking => _asking.Count;

    private void NoteAsker(OutboundMessage message)
    {
        if (message.Sender is TemporaryActorRef asker)
            asker.WaitAmong(_asking);
    }

    private void FailAskers()
    {
        foreach (var asker in _asking.Keys)
            asker.Tell(new Status.Failure(new PeerLostException(Remote, sent: true)), null);
    }
}
