using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Text;

namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>What backup and restore ask the tables.</summary>
internal sealed class ArchiveQueries(IJournalDatabase database)
{
    private const int RowsPerInsert = 50;

    /// <summary>
    /// Writes the newest row of every live entity as of one moment. One snapshot serves the whole read: across several, compaction could drop the row an entity had then because
    /// of one it got since.
    /// </summary>
    public async ValueTask<ArchiveSummary> BackupAsync(Stream to, CancellationToken cancel)
    {
        var connection = await database.ConnectAsync(cancel).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        await ExecuteAsync(connection, database.BeginSnapshot, cancel).ConfigureAwait(false);
        try
        {
            var ordering = (long)(await ScalarAsync(connection, "SELECT ordering FROM head", cancel).ConfigureAwait(false))!;
            return await JournalArchive.WriteAsync(to, ordering, LiveRowsAsync(connection, cancel), cancel).ConfigureAwait(false);
        }
        finally
        {
            await ExecuteAsync(connection, "ROLLBACK", CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Puts an archive into a journal, whole or not at all. Orderings and numbers stay; history before counts as compacted away. Throws <see cref="ArchiveException"/>, and
    /// <see cref="JournalUnusableException"/> for a journal that holds something which is not to be replaced, or that a member is writing.
    /// </summary>
    public async ValueTask<ArchiveSummary> RestoreAsync(Stream from, RestoreOptions options, CancellationToken cancel)
    {
        var (ordering, rows) = await JournalArchive.OpenAsync(from, cancel).ConfigureAwait(false);
        var connection = await database.ConnectAsync(cancel).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var transaction = await connection.BeginTransactionAsync(cancel).ConfigureAwait(false);
        await using var __ = transaction.ConfigureAwait(false);
        // Taking the head first keeps every writer out until the end.
        await ExecuteAsync(connection, "UPDATE head SET ordering = ordering", cancel).ConfigureAwait(false);
        var replaced = (long)(await ScalarAsync(connection, "SELECT ordering FROM head", cancel).ConfigureAwait(false))!;
        if (database.LiveMember is { } live && await ScalarAsync(connection, live, cancel).ConfigureAwait(false) is string member)
            throw new JournalUnusableException($"Member {member} is running on this journal. Stop every member first.");
        if (replaced > 0)
        {
            if (!options.Replace) throw new JournalNotEmptyException();
            await ExecuteAsync(connection, "DELETE FROM journal", cancel).ConfigureAwait(false);
        }
        // One that is only paused and goes on afterwards finds itself fenced.
        if (database.RemoveMembers is { } remove) await ExecuteAsync(connection, remove, cancel).ConfigureAwait(false);
        var (count, writtenAt) = (0L, 0L);
        var some = new List<JournalRow>(RowsPerInsert);
        await foreach (var row in rows.WithCancellation(cancel).ConfigureAwait(false))
        {
            some.Add(row);
            count++;
            writtenAt = Math.Max(writtenAt, row.WrittenAt.ToUnixTimeMilliseconds());
            if (some.Count == RowsPerInsert) await InsertAsync(connection, some, cancel).ConfigureAwait(false);
        }
        if (some.Count > 0) await InsertAsync(connection, some, cancel).ConfigureAwait(false);
        var head = Math.Max(Math.Max(ordering, options.HeadAtLeast), replaced);
        await ExecuteAsync(connection, "UPDATE head SET ordering = @head", cancel, ("@head", head)).ConfigureAwait(false);
        await ExecuteAsync(connection, "UPDATE meta SET value = @head WHERE name = 'compacted_to'", cancel, ("@head", head)).ConfigureAwait(false);
        if (database.RestoreTime is { } restoreTime) await ExecuteAsync(connection, restoreTime, cancel, ("@writtenAt", writtenAt)).ConfigureAwait(false);
        await transaction.CommitAsync(cancel).ConfigureAwait(false);
        return new ArchiveSummary(ordering, count);
    }

    private static async IAsyncEnumerable<JournalRow> LiveRowsAsync(DbConnection connection, [EnumeratorCancellation] CancellationToken cancel)
    {
        var command = Command(connection,
            $"SELECT {JournalQueries.Columns} FROM journal AS old WHERE operation <> @tombstone AND NOT EXISTS "
            + "(SELECT 1 FROM journal AS new WHERE new.persistence_id = old.persistence_id AND new.sequence_nr > old.sequence_nr) ORDER BY ordering",
            ("@tombstone", IJournal.Tombstone));
        await using var _ = command.ConfigureAwait(false);
        command.CommandTimeout = 0;
        var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        while (await reader.ReadAsync(cancel).ConfigureAwait(false)) yield return JournalQueries.Row(reader);
    }

    private static async ValueTask InsertAsync(DbConnection connection, List<JournalRow> rows, CancellationToken cancel)
    {
        var sql = new StringBuilder("INSERT INTO journal (ordering, persistence_id, sequence_nr, operation, written_at, payload) VALUES ");
        var arguments = new List<(string, object)>();
        for (var i = 0; i < rows.Count; i++)
        {
            sql.Append(i == 0 ? "" : ", ").Append($"(@o{i}, @i{i}, @n{i}, @p{i}, @w{i}, @b{i})");
            var row = rows[i];
            arguments.AddRange([($"@o{i}", row.Ordering), ($"@i{i}", row.PersistenceId), ($"@n{i}", row.SequenceNr), ($"@p{i}", row.Operation),
                ($"@w{i}", row.WrittenAt.ToUnixTimeMilliseconds()), ($"@b{i}", row.Payload.ToArray())]);
        }
        await ExecuteAsync(connection, sql.ToString(), cancel, [.. arguments]).ConfigureAwait(false);
        rows.Clear();
    }

    private static async ValueTask<int> ExecuteAsync(DbConnection connection, string sql, CancellationToken cancel, params (string Name, object Value)[] arguments)
    {
        var command = Command(connection, sql, arguments);
        await using var _ = command.ConfigureAwait(false);
        return await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
    }

    private static async ValueTask<object?> ScalarAsync(DbConnection connection, string sql, CancellationToken cancel)
    {
        var command = Command(connection, sql);
        await using var _ = command.ConfigureAwait(false);
        return await command.ExecuteScalarAsync(cancel).ConfigureAwait(false);
    }

    private static DbCommand Command(DbConnection connection, string sql, params (string Name, object Value)[] arguments) => JournalQueries.Command(connection, sql, arguments);
}
