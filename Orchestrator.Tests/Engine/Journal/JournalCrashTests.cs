using System.Diagnostics;
using System.Globalization;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql.Sqlite;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Orchestrator.Tests.Engine.Journal;

/// <summary>Invariant 1 of the design: an acknowledged write survives any crash of the process, and what was not acknowledged is whole or absent.</summary>
public sealed class JournalCrashTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 200;
    private readonly string _folder = Directory.CreateTempSubdirectory("journal-crash-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Acknowledged_writes_survive_200_kills_of_the_writer_in_order_and_nothing_is_half_there()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var path = Path.Combine(_folder, "journal.db");
        var history = new History();
        var acknowledged = 0;
        for (var round = 0; round < Kills; round++)
        {
            var answers = await KillWriterAsync(path, random);
            acknowledged += answers.Count;
            // Every other round the next writer itself has to recover what its killed predecessor left.
            history.Expect(answers);
            if (round % 2 == 1 || round == Kills - 1) await history.VerifyAsync(path, $"seed {seed}, round {round}");
        }
        output.WriteLine($"{acknowledged} acknowledged writes, {history.Verified} rows");
        acknowledged.ShouldBeGreaterThan(Kills);
    }

    /// <summary>Starts a writer and kills it, mostly after some answers, sometimes while it still opens the file. Returns its answers.</summary>
    private static async Task<List<Answer>> KillWriterAsync(string path, Random random)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(JournalWriter).Assembly.Location, JournalWriter.Option, path])
        {
            RedirectStandardOutput = true,
            // The writer lives for milliseconds: optimising its code would cost more than it gives.
            Environment = { ["DOTNET_TieredPGO"] = "0", ["DOTNET_TC_BackgroundWorkerTimeoutMs"] = "0" },
        };
        using var process = Process.Start(start)!;
        var answers = new List<Answer>();
        (await process.StandardOutput.ReadLineAsync()).ShouldBe(JournalWriter.Opening);
        var wanted = random.Next(5) == 0 ? 0 : random.Next(1, 80);
        while (answers.Count < wanted) answers.Add(Answer.Parse((await process.StandardOutput.ReadLineAsync()).ShouldNotBeNull()));
        // Another fraction of a commit, so that no phase of it is spared.
        SpinWait(TimeSpan.FromMicroseconds(random.Next(wanted == 0 ? 60_000 : 3_000)));
        process.Kill();
        // What the writer told before it died counts as well.
        while (await process.StandardOutput.ReadLineAsync() is { } line) answers.Add(Answer.Parse(line));
        await process.WaitForExitAsync();
        return answers;
    }

    private static void SpinWait(TimeSpan time)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < time) Thread.SpinWait(20);
    }

    private readonly record struct Answer(string Entity, long SequenceNr, long Ordering)
    {
        public static Answer Parse(string line)
        {
            var words = line.Split(' ');
            return new Answer(words[0], long.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[2], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>What the journal must hold, checked row by row as it grows.</summary>
    private sealed class History
    {
        private readonly Dictionary<long, Answer> _expected = [];
        private readonly Dictionary<string, long> _newest = [];

        /// <summary>Ordering up to which every row has been looked at.</summary>
        public long Verified { get; private set; }

        public void Expect(List<Answer> answers)
        {
            foreach (var answer in answers) _expected.Add(answer.Ordering, answer);
        }

        public async Task VerifyAsync(string path, string context)
        {
            await using var journal = await SqliteJournal.OpenAsync(path, "checker", "localhost");
            var head = await journal.ReadHeadAsync();
            JournalRow? first = null;
            await foreach (var row in journal.ReadAsync(Verified, head))
            {
                row.Ordering.ShouldBe(++Verified, context);
                row.SequenceNr.ShouldBe(_newest.GetValueOrDefault(row.PersistenceId) + 1, context);
                _newest[row.PersistenceId] = row.SequenceNr;
                row.Payload.Span.SequenceEqual(JournalWriter.Payload(row.PersistenceId, row.SequenceNr)).ShouldBeTrue(context);
                if (first is null)
                {
                    first = row;
                    continue;
                }
                (row.PersistenceId, row.SequenceNr).ShouldBe((JournalWriter.Twin(first.PersistenceId), first.SequenceNr), context);
                if (_expected.Remove(first.Ordering, out var answer)) answer.ShouldBe(new Answer(first.PersistenceId, first.SequenceNr, first.Ordering), context);
                first = null;
            }
            first.ShouldBeNull(context);
            Verified.ShouldBe(head, context);
            _expected.ShouldBeEmpty(context);
        }
    }
}
