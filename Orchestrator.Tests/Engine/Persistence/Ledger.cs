using System.Text;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;

namespace Orchestrator.Tests.Engine.Persistence;

/// <summary>Keeps the words it was sent and answers <c>word@sequence/ordering</c>.</summary>
internal sealed class Ledger : ReceivePersistentActor
{
    private readonly List<string> _entries = [];

    public Ledger(string id)
    {
        PersistenceId = id;
        Recover<SnapshotOffer>(offer => _entries.AddRange(((string)offer.Snapshot).Split(',')));
        Recover<string>(_entries.Add);
        Recover<RecoveryCompleted>(_ => { });
        Command<string>(OnWord);
        CommandAsync<string>(async text =>
        {
            await Task.Yield();
            Persist(text["later ".Length..], Added);
        });
        Command<SaveSnapshotSuccess>(_ => { });
    }

    public override string PersistenceId { get; }

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr) => Sender.Tell($"failed {@event}: {cause.Message}");

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr) => Sender.Tell($"rejected {@event}");

    private bool OnWord(string text)
    {
        switch (text)
        {
            case "read":
                Sender.Tell(string.Join(',', _entries));
                break;
            case "snapshot":
                SaveSnapshot(string.Join(',', _entries));
                break;
            case "persist then throw":
                Persist("never", Added);
                throw new InvalidOperationException("boom");
            case var _ when text.StartsWith("all ", StringComparison.Ordinal):
                PersistAll(text[4..].Split(','), Added, () => Sender.Tell("complete"));
                break;
            case var _ when text.StartsWith("async ", StringComparison.Ordinal):
                PersistAsync(text[6..], Added);
                DeferAsync(0, _ => Sender.Tell($"deferred after {_entries.Count}"));
                break;
            case var _ when text.StartsWith("later ", StringComparison.Ordinal):
                return false;
            default:
                Persist(text, Added);
                break;
        }

        return true;
    }

    private void Added(string entry)
    {
        _entries.Add(entry);
        Sender.Tell($"{entry}@{LastSequenceNr}/{LastOrdering}");
    }
}

/// <summary>Words as UTF-8.</summary>
internal sealed class TextSerializer : IEventSerializer
{
    public (string Operation, ReadOnlyMemory<byte> Payload) Serialize(object @event) => @event is "unserializable"
        ? throw new NotSupportedException("not this one")
        : ("added", Encoding.UTF8.GetBytes((string)@event));

    public object Deserialize(JournalRow row) => Encoding.UTF8.GetString(row.Payload.Span);
}
