using System.Globalization;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql.Sqlite;

namespace Orchestrator.Tests.Engine.Journal;

/// <summary>
/// The process that <see cref="JournalCrashTests"/> kills: some clients that write as fast as they are answered, each answer told on the
/// standard output. Each write is a pair of rows, (entity, n) and (entity/twin, n), that must be there both or not at all.
/// </summary>
internal static class JournalWriter
{
    public const string Option = "--journal-writer";
    public const string Opening = "opening";
    public const int Clients = 8;

    public static string Entity(int client) => $"client{client}";

    public static string Twin(string entity) => entity + "/twin";

    /// <summary>What the row must hold: bytes that its identity determines, from none to several pages of them.</summary>
    public static byte[] Payload(string id, long sequenceNr)
    {
        var seed = id.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter)) ^ (int)sequenceNr;
        var random = new Random(seed);
        var payload = new byte[random.Next(4) == 0 ? random.Next(20_000) : random.Next(1_000)];
        random.NextBytes(payload);
        return payload;
    }

    public static async Task<int> RunAsync(string path)
    {
        await using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        await output.WriteLineAsync(Opening);
        await using var journal = await SqliteJournal.OpenAsync(path, "writer", "localhost");
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => WriteForeverAsync(journal, Entity(client), output)));
        return 0;
    }

    private static async Task WriteForeverAsync(SqliteJournal journal, string entity, StreamWriter output)
    {
        var next = (await journal.LatestAsync(entity))?.SequenceNr + 1 ?? 1;
        for (; ; next++)
        {
            var ordering = await journal.WriteAsync([Row(entity, next), Row(Twin(entity), next)]);
            // One short line is one write to the pipe: what the killer reads is whole.
            lock (output) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{entity} {next} {ordering}"));
        }
    }

    private static JournalWrite Row(string id, long sequenceNr) => new(id, sequenceNr, "update", Payload(id, sequenceNr));
}
