using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Bench.Report;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql.Sqlite;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Resources;

namespace Orchestrator.Bench.Rows;

/// <summary>
/// Durable writes per second, every client waiting for its commit before the next. Twice: as commands to persistent actors, which is what the journal gives to
/// anything built on it; and as creates of whole API objects through everything behind the gateway (parse, defaults, admission, validation, an actor of their own, journal,
/// fold). Each beside a floor that writes the very same rows: as many clients on a bare SQLite group commit (<see cref="RawGroupCommit"/>). The same rows, because a commit's cost
/// is the pages that it touches: 64 entities that grow are 64 places in the index, while objects that are created one after the other are one.
/// </summary>
internal static class DurableWrites
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(4);

    public static async Task<IEnumerable<BenchRow>> MeasureAsync()
    {
        var rows = new List<BenchRow>();
        foreach (var clients in (IEnumerable<int>)[1, 64])
        {
            BenchRow Row(string name, double value, double floor, Budget? budget) =>
                new($"{name}, {clients} client{(clients == 1 ? "" : "s")}", value, floor, "/s", "raw SQLite group commit", budget);
            var numbers = new long[clients];
            var entities = await FloorAsync(clients, (client, payload) => new RawRow($"/writer/{client}", ++numbers[client], payload));
            rows.Add(Row("durable writes", await ActorsAsync(clients), entities, clients == 64 ? Budget.RatioAtLeast(0.5) : null));
            long next = 0;
            var objects = await FloorAsync(clients, (_, payload) => new RawRow($"configmaps/default/c{Interlocked.Increment(ref next)}", 1, payload));
            rows.Add(Row("durable creates of API objects", await ObjectsAsync(clients), objects, null));
        }
        return rows;
    }

    private static Task<double> ActorsAsync(int clients) => WithJournalAsync(async (system, journal) =>
    {
        PersistenceExtension.Configure(system, journal, RawEventSerializer.Instance);
        var writers = Enumerable.Range(0, clients).Select(n => system.ActorOf(Props.Create(() => new Writer($"/writer/{n}")))).ToList();
        long next = 0;
        return await Throughput.MeasureAsync(clients, WarmUp, Duration,
            client => writers[client].Ask<Writer.Done>(new ResourceEvent(ResourceEvent.Create, Encoding.UTF8.GetBytes(Object(Interlocked.Increment(ref next))))));
    });

    private static Task<double> ObjectsAsync(int clients) => WithJournalAsync(async (system, journal) =>
    {
        await using var plane = await ControlPlane.StartAsync(system, journal, new ControlPlaneOptions(), SecretSealer.None, _ => new PodToken("", default), 6443);
        var kind = plane.Services.Catalog.Get("configmaps");
        var context = new WriteContext("bench", "bench", false, "Strict");
        long next = 0;
        return await Throughput.MeasureAsync(clients, WarmUp, Duration, async _ =>
        {
            var obj = JsonNode.Parse(Object(Interlocked.Increment(ref next)))!.AsObject();
            var reply = await plane.Client.SendAsync(ResourceWriter.PrepareCreate(plane.Services, kind, "default", obj, context));
            if (reply is not ResourceWritten) throw new InvalidOperationException($"a write was refused: {reply}");
        });
    });

    private static async Task<double> WithJournalAsync(Func<ActorSystem, IJournal, Task<double>> measure)
    {
        var directory = Directory.CreateTempSubdirectory("bench-writes-");
        double perSecond;
        await using (var journal = await SqliteJournal.OpenAsync(Path.Combine(directory.FullName, "journal.db"), "bench", "", TimeProvider.System))
        {
            var system = ActorSystem.Create("bench");
            perSecond = await measure(system, journal);
            await system.Terminate();
        }
        directory.Delete(recursive: true);
        return perSecond;
    }

    private static async Task<double> FloorAsync(int clients, Func<int, byte[], RawRow> row)
    {
        var directory = Directory.CreateTempSubdirectory("bench-floor-");
        double perSecond;
        using (var database = new RawSqlite(Path.Combine(directory.FullName, "floor.db")))
        await using (var floor = new RawGroupCommit(database.Append))
        {
            long next = 0;
            perSecond = await Throughput.MeasureAsync(clients, WarmUp, Duration, client => floor.WriteAsync(row(client, Encoding.UTF8.GetBytes(Object(Interlocked.Increment(ref next))))));
        }
        directory.Delete(recursive: true);
        return perSecond;
    }

    private static string Object(long n) =>
        $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c{{n}}","namespace":"default"},"data":{"key":"{{new string('x', 200)}}"} }""";

    /// <summary>Persists what it is told, and answers after the commit.</summary>
    private sealed class Writer : ReceivePersistentActor
    {
        public Writer(string persistenceId)
        {
            PersistenceId = persistenceId;
            Recover<JournalRow>(_ => { });
            Command<ResourceEvent>(write => Persist(write, _ => Sender.Tell(Done.Instance, Self)));
        }

        public override string PersistenceId { get; }

        public sealed record Done
        {
            public static Done Instance { get; } = new();
        }
    }
}
