using System.Data.Common;

namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>Everything a journal asks its tables in SQL that every product understands. Errors come as the database's own exceptions.</summary>
internal sealed class JournalQueries(IJournalDatabase database)
{
    /// <summary>What <see cref="Row"/> reads.</summary>
    public const string Columns = "ordering, persistence_id, sequence_nr, operation, written_at, payload";

    /// <summary>A page ends after this many rows or payload bytes, so that a slow reader holds neither memory nor a database snapshot.</summary>
    private const int PageRows = 512;
    private const long PageBytes = 1 << 20;

    public ValueTask<long> HeadAsync(CancellationToken cancel) => NumberAsync("SELECT ordering FROM head", cancel);

    public ValueTask<long> CompactedToAsync(CancellationToken cancel) => NumberAsync("SELECT value FROM meta WHERE name = 'compacted_to'", cancel);

    public ValueTask<long> LastWrittenAtAsync(CancellationToken cancel) =>
        NumberAsync("SELECT written_at FROM journal ORDER BY ordering DESC LIMIT 1", cancel);

    /// <summary>The next page of rows with after &lt; ordering ≤ to; empty when there are no more.</summary>
    public ValueTask<List<JournalRow>> PageAsync(long after, long to, CancellationToken cancel) => RowsAsync(
        $"SELECT {Columns} FROM journal WHERE ordering > @after AND ordering <= @to ORDER BY ordering LIMIT {PageRows}",
        cancel, ("@after", after), ("@to", to));

    /// <summary>The next page of one entity's rows; empty when there are no more.</summary>
    public ValueTask<List<JournalRow>> EntityPageAsync(string persistenceId, long from, long to, long max, CancellationToken cancel) => RowsAsync(
        $"SELECT {Columns} FROM journal WHERE persistence_id = @id AND sequence_nr >= @from AND sequence_nr <= @to ORDER BY sequence_nr LIMIT @max",
        cancel, ("@id", persistenceId), ("@from", from), ("@to", to), ("@max", Math.Min(max, PageRows)));

    public async ValueTask<JournalRow?> LatestAsync(string persistenceId, CancellationToken cancel)
    {
        var rows = await RowsAsync(
            $"SELECT {Columns} FROM journal WHERE persistence_id = @id ORDER BY sequence_nr DESC LIMIT 1", cancel, ("@id", persistenceId)).ConfigureAwait(false);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>
    /// Ordering of the newest row written at or before <paramref name="time"/> (unix milliseconds). Times never go back along the ordering, so
    /// this is a binary search over the primary key: no index that every write would have to pay for.
    /// </summary>
    public async ValueTask<long> OrderingAtAsync(long time, long head, CancellationToken cancel)
    {
        var connection = await database.ConnectAsync(cancel).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var command = Command(connection, "SELECT ordering, written_at FROM journal WHERE ordering <= @at ORDER BY ordering DESC LIMIT 1", ("@at", 0L));
        await using var __ = command.ConfigureAwait(false);
        var (low, high, found) = (1L, head, 0L);
        while (low <= high)
        {
            var middle = low + ((high - low) / 2);
            command.Parameters[0].Value = middle;
            var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
            await using var ___ = reader.ConfigureAwait(false);
            var any = await reader.ReadAsync(cancel).ConfigureAwait(false);
            if (!any || reader.GetInt64(1) <= time)
            {
                if (any) found = reader.GetInt64(0);
                low = middle + 1;
            }
            else
            {
                high = reader.GetInt64(0) - 1;
            }
        }
        return found;
    }

    /// <summary>Records that history is only complete after <paramref name="upTo"/>. Before the first row is dropped, so that a crash hides no hole.</summary>
    public ValueTask<long> MarkCompactedAsync(long upTo, CancellationToken cancel) => MarkAsync("compacted_to", upTo, cancel);

    /// <summary>Records that everything that was to go up to <paramref name="upTo"/> is gone. After the last row is dropped, so that nobody begins to count anew while a row is left.</summary>
    public ValueTask<long> MarkDroppedAsync(long upTo, CancellationToken cancel) => MarkAsync("dropped_to", upTo, cancel);

    /// <summary>See <see cref="MarkDroppedAsync"/>.</summary>
    public ValueTask<long> DroppedToAsync(CancellationToken cancel) => NumberAsync("SELECT value FROM meta WHERE name = 'dropped_to'", cancel);

    /// <summary>Where a compaction step that starts after <paramref name="after"/> ends: <paramref name="rows"/> further on, at most at <paramref name="upTo"/>.</summary>
    public async ValueTask<long> StepEndAsync(long after, long upTo, int rows, CancellationToken cancel)
    {
        var end = await NumberAsync(
            "SELECT ordering FROM journal WHERE ordering > @after AND ordering <= @upTo ORDER BY ordering LIMIT 1 OFFSET @rows",
            cancel, ("@after", after), ("@upTo", upTo), ("@rows", (long)rows - 1)).ConfigureAwait(false);
        return end == 0 ? upTo : end;
    }

    /// <summary>Drops the tombstones and the superseded rows with after &lt; ordering ≤ to. Returns how many.</summary>
    public ValueTask<long> DropAsync(long after, long to, CancellationToken cancel) => ExecuteAsync(
        "DELETE FROM journal AS old WHERE ordering > @after AND ordering <= @to AND (operation = @tombstone OR EXISTS "
        + "(SELECT 1 FROM journal AS new WHERE new.persistence_id = old.persistence_id AND new.sequence_nr > old.sequence_nr))",
        cancel, ("@after", after), ("@to", to), ("@tombstone", IJournal.Tombstone));

    private ValueTask<long> MarkAsync(string name, long upTo, CancellationToken cancel) => ExecuteAsync(
        "INSERT INTO meta (name, value) VALUES (@name, @upTo) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > meta.value", cancel, ("@name", name), ("@upTo", upTo));

    private async ValueTask<List<JournalRow>> RowsAsync(string sql, CancellationToken cancel, params (string Name, object Value)[] arguments)
    {
        var connection = await database.ConnectAsync(cancel).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var command = Command(connection, sql, arguments);
        await using var __ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
        await using var ___ = reader.ConfigureAwait(false);
        var rows = new List<JournalRow>();
        var bytes = 0L;
        while (bytes < PageBytes && await reader.ReadAsync(cancel).ConfigureAwait(false))
        {
            var row = Row(reader);
            bytes += row.Payload.Length;
            rows.Add(row);
        }
        return rows;
    }

    /// <summary>The reader's row, of <see cref="Columns"/>.</summary>
    public static JournalRow Row(DbDataReader reader) => new(reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2), reader.GetString(3),
        reader.GetFieldValue<byte[]>(5), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(4)));

    private async ValueTask<long> NumberAsync(string sql, CancellationToken cancel, params (string Name, object Value)[] arguments)
    {
        var connection = await database.ConnectAsync(cancel).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var command = Command(connection, sql, arguments);
        await using var __ = command.ConfigureAwait(false);
        return await command.ExecuteScalarAsync(cancel).ConfigureAwait(false) is long number ? number : 0;
    }

    private async ValueTask<long> ExecuteAsync(string sql, CancellationToken cancel, params (string Name, object Value)[] arguments)
    {
        var connection = await database.ConnectAsync(cancel).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var command = Command(connection, sql, arguments);
        await using var __ = command.ConfigureAwait(false);
        return await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
    }

    public static DbCommand Command(DbConnection connection, string sql, params (string Name, object Value)[] arguments)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in arguments)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
