using Microsoft.Data.Sqlite;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql;
using Orchestrator.Engine.Persistence.Sql.Sqlite;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Journal;

public sealed class SqliteJournalTests : JournalSuite
{
    private readonly string _folder = Directory.CreateTempSubdirectory("journal-").FullName;

    private string FilePath => Path.Combine(_folder, "sub", "journal.db");

    protected override async ValueTask<IJournal> OpenAsync() => await SqliteJournal.OpenAsync(FilePath, "member-1", "localhost:1");

    protected override async Task FenceAsync()
    {
        await using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE members SET state = 'down', epoch = epoch + 1 WHERE id = 'member-1'";
        (await command.ExecuteNonQueryAsync()).ShouldBe(1);
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Each_opening_takes_the_next_epoch()
    {
        var first = ((SqliteJournal)Journal).Epoch;
        await ReopenAsync();
        ((SqliteJournal)Journal).Epoch.ShouldBe(first + 1);
    }

    [Fact]
    public async Task A_file_in_use_is_refused_and_names_the_process()
    {
        var error = await Should.ThrowAsync<JournalUnusableException>(async () => await OpenAsync());
        error.Message.ShouldContain(FilePath);
        error.Message.ShouldContain($"process {Environment.ProcessId}");
        (await WriteAsync("a", 1)).ShouldBe(1);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_as_it_is()
    {
        var path = Path.Combine(_folder, "text.db");
        await File.WriteAllTextAsync(path, new string('x', 5000));
        var error = await Should.ThrowAsync<JournalUnusableException>(async () => await SqliteJournal.OpenAsync(path, "m", "a"));
        error.Message.ShouldContain(path);
        error.Message.ShouldContain("backup");
        (await File.ReadAllTextAsync(path)).ShouldBe(new string('x', 5000));
    }

    [Fact]
    public async Task A_damaged_page_is_found_at_opening()
    {
        for (var i = 1; i <= 500; i++) await WriteAsync($"entity{i}", 1);
        await Journal.DisposeAsync();
        await using (var file = File.OpenWrite(FilePath))
        {
            file.Position = 4 * 4096;
            await file.WriteAsync(Enumerable.Repeat((byte)0xA5, 3 * 4096).ToArray());
        }
        var error = await Should.ThrowAsync<JournalUnusableException>(async () => await OpenAsync());
        error.Message.ShouldContain($"{FilePath} is damaged");
        File.Delete(FilePath);
        await InitializeAsync();
    }

    [Fact]
    public async Task A_truncated_file_is_refused()
    {
        for (var i = 1; i <= 500; i++) await WriteAsync($"entity{i}", 1);
        await Journal.DisposeAsync();
        await using (var file = File.OpenWrite(FilePath)) file.SetLength(file.Length / 2);
        (await Should.ThrowAsync<JournalUnusableException>(async () => await OpenAsync())).Message.ShouldContain(FilePath);
        File.Delete(FilePath);
        await InitializeAsync();
    }

    [Fact]
    public async Task Another_programs_database_is_refused()
    {
        var path = Path.Combine(_folder, "other.db");
        Execute(path, "CREATE TABLE t (x)");
        (await Should.ThrowAsync<JournalUnusableException>(async () => await SqliteJournal.OpenAsync(path, "m", "a"))).Message.ShouldContain("not one of Orchestrator's");
    }

    [Fact]
    public async Task A_newer_version_of_the_tables_is_refused()
    {
        await Journal.DisposeAsync();
        Execute(FilePath, "PRAGMA user_version = 99");
        (await Should.ThrowAsync<JournalUnusableException>(async () => await OpenAsync())).Message.ShouldContain("version 99");
        Execute(FilePath, "PRAGMA user_version = 1");
        await InitializeAsync();
    }

    [Fact]
    public async Task A_file_locked_by_another_program_is_refused()
    {
        await Journal.DisposeAsync();
        await using (var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE; UPDATE head SET ordering = ordering";
            await command.ExecuteNonQueryAsync();
            (await Should.ThrowAsync<JournalUnusableException>(async () => await OpenAsync())).Message.ShouldContain("locked by another program");
        }
        await InitializeAsync();
    }

    [Fact]
    public async Task A_subscriber_that_throws_stops_the_journal_instead_of_losing_rows()
    {
        using (await Journal.SubscribeAsync(0, _ => throw new FormatException("no")))
        {
            (await Should.ThrowAsync<InvalidOperationException>(async () => await WriteAsync("a", 1))).InnerException.ShouldBeOfType<FormatException>();
        }
        await Should.ThrowAsync<JournalUnusableException>(async () => await WriteAsync("b", 1));
        await ReopenAsync();
        Journal.Head.ShouldBe(1);
    }

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        SqliteSchema.Execute(connection, sql);
    }
}
