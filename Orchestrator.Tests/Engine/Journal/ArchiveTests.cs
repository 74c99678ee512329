using System.Text;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql;
using Orchestrator.Engine.Persistence.Sql.Postgres;
using Orchestrator.Engine.Persistence.Sql.Sqlite;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Journal;

/// <summary>Backup and restore, from each database product to each.</summary>
[Trait("Needs", "postgres")]
public sealed class ArchiveTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("archive-").FullName;
    private readonly List<SqlJournal> _open = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var journal in _open) await journal.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("sqlite", "sqlite")]
    [InlineData("sqlite", "postgres")]
    [InlineData("postgres", "sqlite")]
    [InlineData("postgres", "postgres")]
    public async Task A_cluster_goes_on_from_its_backup_in_another_database(string from, string to)
    {
        var old = await OpenAsync(from, await PlaceAsync(from, "old"));
        for (var i = 1; i <= 3; i++) await old.WriteAsync([.. Enumerable.Range(0, 120).Select(id => Row($"e{id}", i))]);
        await old.WriteAsync([new JournalWrite("e7", 4, IJournal.Tombstone, default)]);
        await old.WriteAsync([new JournalWrite("empty", 1, "create", default), new JournalWrite("ü 名\n", 1, "create", new byte[] { 0, 10, 13, 255, 10 })]);
        await old.CompactAsync(100);
        using var archive = new MemoryStream();
        (await old.BackupAsync(archive)).ShouldBe(new ArchiveSummary(363, 121));

        var place = await PlaceAsync(to, "new");
        var made = await OpenToRestoreAsync(to, place);
        archive.Position = 0;
        (await made.RestoreAsync(archive)).ShouldBe(new ArchiveSummary(363, 121));
        await Should.ThrowAsync<JournalUnusableException>(async () => await made.WriteAsync([Row("e1", 4)]));
        await made.DisposeAsync();

        made = await OpenAsync(to, place);
        (made.Head, made.CompactedTo, await made.ReadHeadAsync()).ShouldBe((363, 363, 363));
        var expected = (await AllAsync(old)).GroupBy(row => row.Id).Select(rows => rows.Last()).Where(row => row.Operation != IJournal.Tombstone);
        (await AllAsync(made)).ShouldBe(expected.OrderBy(row => row.Ordering));
        (await made.LatestAsync("e7")).ShouldBeNull();
        await Should.ThrowAsync<ConcurrentWriterException>(async () => await made.WriteAsync([Row("e1", 3)]));
        (await made.WriteAsync([Row("e1", 4)])).ShouldBe(364);
        (await made.WriteAsync([Row("e7", 1)])).ShouldBe(365);
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_backup_is_of_one_moment_whatever_is_written_and_compacted_meanwhile(string product)
    {
        var old = await OpenAsync(product, await PlaceAsync(product, "busy"));
        await old.WriteAsync([.. Enumerable.Range(0, 400).Select(id => Row($"e{id}", 1))]);
        using var stop = new CancellationTokenSource();
        // Each write changes all entities at once, so that at any moment all have the same number.
        var writing = Task.Run(async () =>
        {
            for (var i = 2; !stop.IsCancellationRequested; i++)
            {
                await old.WriteAsync([.. Enumerable.Range(0, 400).Select(id => Row($"e{id}", i))]);
                await old.CompactAsync(old.Head);
            }
        });
        for (var i = 0; i < 5; i++)
        {
            using var archive = new MemoryStream();
            var summary = await old.BackupAsync(archive);
            archive.Position = 0;
            var (ordering, rows) = await JournalArchive.OpenAsync(archive, default);
            var all = await rows.ToListAsync();
            (ordering, all.Count, summary.Entities).ShouldBe((summary.Ordering, 400, 400));
            all.ShouldAllBe(row => row.SequenceNr == summary.Ordering / 400);
        }
        await stop.CancelAsync();
        await writing;
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_backup_takes_the_place_of_what_is_there_only_where_that_is_wanted_and_goes_on_above_every_ordering_given_out_since(string product)
    {
        var place = await PlaceAsync(product, "replaced");
        var journal = await OpenAsync(product, place);
        await journal.WriteAsync([Row("kept", 1), Row("changed", 1)]);
        using var archive = new MemoryStream();
        await journal.BackupAsync(archive);
        await journal.WriteAsync([Row("changed", 2), Row("late", 1)]);
        archive.Position = 0;
        (await Should.ThrowAsync<JournalUnusableException>(async () => await journal.RestoreAsync(archive))).Message.ShouldContain("not empty");
        await journal.DisposeAsync();

        if (product == "postgres") await PostgresMember.FenceAsync(place, "m1");
        journal = await OpenToRestoreAsync(product, place);
        var replace = new RestoreOptions { Replace = true, HeadAtLeast = 1000 };
        await Should.ThrowAsync<ArchiveException>(async () => await journal.RestoreAsync(new MemoryStream(archive.ToArray()[..(int)(archive.Length / 2)]), replace));
        (await AllAsync(journal)).Count.ShouldBe(4);
        archive.Position = 0;
        await journal.RestoreAsync(archive, replace);
        await journal.DisposeAsync();

        journal = await OpenAsync(product, place);
        (await AllAsync(journal)).Select(row => (row.Ordering, row.Id, row.Number)).ShouldBe([(1, "kept", 1), (2, "changed", 1)]);
        (journal.Head, journal.CompactedTo).ShouldBe((1000, 1000));
        (await journal.WriteAsync([Row("changed", 2)])).ShouldBe(1001);
    }

    [Fact]
    public async Task A_journal_that_a_member_is_writing_is_not_replaced_and_a_member_that_was_only_paused_writes_nothing_into_the_restored_one()
    {
        var place = await PlaceAsync("postgres", "live");
        var live = await OpenAsync("postgres", place);
        await live.WriteAsync([Row("e", 1)]);
        using var archive = new MemoryStream();
        await live.BackupAsync(archive);
        archive.Position = 0;
        await using var other = await PostgresJournal.OpenAsync(new PostgresSettings(place));
        (await Should.ThrowAsync<JournalUnusableException>(async () => await other.RestoreAsync(archive, new RestoreOptions { Replace = true }))).Message.ShouldContain("Member m1 is running");

        await PostgresMember.ScalarAsync(place, "UPDATE members SET lease_until = clock_timestamp()");
        archive.Position = 0;
        await other.RestoreAsync(archive, new RestoreOptions { Replace = true });
        await Should.ThrowAsync<FencedException>(async () => await live.WriteAsync([Row("e", 2)]));
    }

    [Fact]
    public async Task Only_a_whole_backup_is_restored_and_only_into_an_empty_journal()
    {
        var old = await OpenAsync("sqlite", await PlaceAsync("sqlite", "old"));
        await old.WriteAsync([.. Enumerable.Range(0, 300).Select(id => Row($"e{id}", 1))]);
        using var archive = new MemoryStream();
        await old.BackupAsync(archive);
        var bytes = archive.ToArray();

        var made = await OpenAsync("sqlite", await PlaceAsync("sqlite", "new"));
        foreach (var part in new[] { bytes[..^20], bytes[..(bytes.Length / 2)], [], Encoding.UTF8.GetBytes("hello") })
        {
            await Should.ThrowAsync<ArchiveException>(async () => await made.RestoreAsync(new MemoryStream(part)));
            (await AllAsync(made)).ShouldBeEmpty();
        }
        (await made.WriteAsync([Row("a", 1)])).ShouldBe(1);
        (await Should.ThrowAsync<JournalUnusableException>(async () => await made.RestoreAsync(new MemoryStream(bytes)))).Message.ShouldContain("not empty");
    }

    private async Task<string> PlaceAsync(string product, string name) =>
        product == "sqlite" ? Path.Combine(_folder, $"{name}.db") : await (await PostgresServer.Shared).CreateDatabaseAsync();

    private async Task<SqlJournal> OpenAsync(string product, string place)
    {
        SqlJournal journal = product == "sqlite" ? await SqliteJournal.OpenAsync(place, "m1", "localhost") : await PostgresMember.OpenAsync(place, "m1");
        _open.Add(journal);
        return journal;
    }

    /// <summary>Not as a member: those must not run meanwhile.</summary>
    private async Task<SqlJournal> OpenToRestoreAsync(string product, string place)
    {
        if (product == "sqlite") return await OpenAsync(product, place);
        var journal = await PostgresJournal.OpenAsync(new PostgresSettings(place));
        _open.Add(journal);
        return journal;
    }

    private static JournalWrite Row(string id, long number) => new(id, number, "update", Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","nr":{{number}}}"""));

    private static async Task<List<(long Ordering, string Id, long Number, string Operation, string Payload, DateTimeOffset WrittenAt)>> AllAsync(IJournal journal) =>
        await journal.ReadAsync(0, long.MaxValue).Select(row => (row.Ordering, row.PersistenceId, row.SequenceNr, row.Operation, Convert.ToHexString(row.Payload.Span), row.WrittenAt)).ToListAsync();
}
