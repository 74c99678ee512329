using System.Text;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Persistence;

public sealed class PersistentActorTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly MemoryJournal _journal = new();
    private readonly ActorSystem _system = ActorSystem.Create("persistence");

    public Task InitializeAsync()
    {
        PersistenceExtension.Configure(_system, _journal, new TextSerializer());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _system.DisposeAsync();

    [Fact]
    public async Task A_new_incarnation_recovers_what_the_old_one_persisted()
    {
        var first = _system.ActorOf(Props.Create(() => new Ledger("a")), "a");
        (await first.Ask<long>("one", Patience)).ShouldBe(1);
        (await first.Ask<long>("two", Patience)).ShouldBe(2);
        await first.GracefulStop(Patience);

        var second = _system.ActorOf(Props.Create(() => new Ledger("a")), "a2");

        (await second.Ask<string>(new Ledger.Read(), Patience)).ShouldBe("one,two");
    }

    [Fact]
    public async Task Commands_wait_while_a_persist_is_in_flight_and_keep_their_order()
    {
        var ledger = _system.ActorOf(Props.Create(() => new Ledger("b")), "b");
        (await ledger.Ask<string>(new Ledger.Read(), Patience)).ShouldBe("");
        _journal.HoldCommits();

        var written = ledger.Ask<long>("one", Patience);
        var read = ledger.Ask<string>(new Ledger.Read(), Patience);
        var again = ledger.Ask<long>("two", Patience);
        (await Task.WhenAny(read, _system.ActorOf(Props.Create(() => new Ledger("other")), "other").Ask<string>(new Ledger.Read(), Patience))).ShouldNotBe(read);
        _journal.ReleaseCommits();

        (await written).ShouldBe(1);
        (await read).ShouldBe("one");
        (await again).ShouldBe(2);
    }

    private sealed class TextSerializer : IEventSerializer
    {
        public (string Operation, ReadOnlyMemory<byte> Payload) Serialize(object @event) => ("added", Encoding.UTF8.GetBytes((string)@event));

        public object Deserialize(JournalRow row) => Encoding.UTF8.GetString(row.Payload.Span);
    }

    private sealed class Ledger : ReceivePersistentActor
    {
        private readonly List<string> _entries = [];

        public Ledger(string id)
        {
            PersistenceId = id;
            Recover<string>(_entries.Add);
            Command<string>(entry => Persist(entry, added =>
            {
                _entries.Add(added);
                Sender.Tell(LastSequenceNr);
            }));
            Command<Read>(_ => Sender.Tell(string.Join(',', _entries)));
        }

        public override string PersistenceId { get; }

        public sealed record Read;
    }
}
