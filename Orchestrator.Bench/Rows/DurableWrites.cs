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
/// Durable writes per second: clients create config maps through the whole write path behind the gateway (defaults, admission, validation, actor, journal, fold),
/// each waiting for its commit. Floor: a loop on bare SQLite that appends as many such rows in each transaction as there are clients.
/// </summary>
internal static class DurableWrites
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(4);

    public static async Task<IEnumerable<BenchRow>> MeasureAsync()
    {
        var rows = new List<BenchRow>();
        foreach (var clients in (IEnumerable<int>)[1, 64])
        {
            var value = await ProductAsync(clients);
            var floor = await FloorAsync(clients);
            rows.Add(new BenchRow($"durable writes, {clients} client{(clients == 1 ? "" : "s")}", value, floor, "/s", "raw SQLite group commit", clients == 64 ? Budget.RatioAtLeast(0.5) : null));
        }
        return rows;
    }

    private static async Task<double> ProductAsync(int clients)
    {
        var directory = Directory.CreateTempSubdirectory("bench-writes-");
        var journal = await SqliteJournal.OpenAsync(Path.Combine(directory.FullName, "journal.db"), "bench", "", TimeProvider.System);
        var system = ActorSystem.Create("bench");
        var plane = await ControlPlane.StartAsync(system, journal, new ControlPlaneOptions(), SecretSealer.None, _ => new PodToken("", default), 6443);
        var kind = plane.Services.Catalog.Get("configmaps");
        var context = new WriteContext("bench", "bench", false, "Strict");
        long next = 0;
        var perSecond = await Throughput.MeasureAsync(clients, WarmUp, Duration, async _ =>
        {
            var obj = JsonNode.Parse(Object(Interlocked.Increment(ref next)))!.AsObject();
            var reply = await plane.Client.SendAsync(ResourceWriter.PrepareCreate(plane.Services, kind, "default", obj, context));
            if (reply is not ResourceWritten) throw new InvalidOperationException($"a write was refused: {reply}");
        });
        await system.Terminate();
        await plane.DisposeAsync();
        await journal.DisposeAsync();
        directory.Delete(recursive: true);
        return perSecond;
    }

    private static async Task<double> FloorAsync(int clients)
    {
        var directory = Directory.CreateTempSubdirectory("bench-floor-");
        using var floor = new RawSqlite(Path.Combine(directory.FullName, "floor.db"));
        long next = 0;
        // One loop with as many rows in a transaction as there are clients: what a group commit could do at best.
        var transactions = await Throughput.MeasureAsync(1, WarmUp, Duration, _ =>
        {
            floor.Append(Enumerable.Range(0, clients).Select(_ => Encoding.UTF8.GetBytes(Object(++next))));
            return Task.CompletedTask;
        });
        floor.Dispose();
        directory.Delete(recursive: true);
        return transactions * clients;
    }

    private static string Object(long n) =>
        $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c{{n}}","namespace":"default"},"data":{"key":"{{new string('x', 200)}}"} }""";
}
