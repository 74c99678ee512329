namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>
/// The first read of a subscriber: everything after some ordering, as of one moment. Across several moments, compaction could drop the row of an object's end after the row of its
/// beginning was given. Where the connection breaks off, the next run goes on, provided that nothing was compacted meanwhile.
/// </summary>
internal sealed class WholeRead(IJournalDatabase database, long after, Action<IReadOnlyList<JournalRow>> give)
{
    private const int GroupRows = 512;

    private long? _compactedTo;

    /// <summary>Ordering of the last row that was given.</summary>
    public long Position { get; private set; } = after;

    /// <summary>Gives the rows up to <paramref name="to"/>. The result is what the journal is compacted to. Throws the database's own exceptions.</summary>
    public async ValueTask<long> RunAsync(long to, CancellationToken cancel)
    {
        var connection = await database.ConnectAsync(cancel).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var begin = JournalQueries.Command(connection, database.BeginSnapshot);
        await using var __ = begin.ConfigureAwait(false);
        await begin.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        try
        {
            var compacted = JournalQueries.Command(connection, "SELECT value FROM meta WHERE name = 'compacted_to'");
            await using var ___ = compacted.ConfigureAwait(false);
            var compactedTo = (long)(await compacted.ExecuteScalarAsync(cancel).ConfigureAwait(false))!;
            if ((_compactedTo ??= compactedTo) != compactedTo) throw new JournalUnusableException("The journal was compacted while this process read it over a connection that broke off. Start it again.");
            await GiveAsync(JournalQueries.Command(connection, $"SELECT {JournalQueries.Columns} FROM journal WHERE ordering > @after AND ordering <= @to ORDER BY ordering",
                ("@after", Position), ("@to", to)), cancel).ConfigureAwait(false);
            return compactedTo;
        }
        finally
        {
            var end = JournalQueries.Command(connection, "ROLLBACK");
            await using var ___ = end.ConfigureAwait(false);
            // A connection that broke has no transaction any more.
            if (connection.State == System.Data.ConnectionState.Open) await end.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async ValueTask GiveAsync(System.Data.Common.DbCommand command, CancellationToken cancel)
    {
        await using var _ = command.ConfigureAwait(false);
        var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var group = new List<JournalRow>(GroupRows);
        while (await reader.ReadAsync(cancel).ConfigureAwait(false))
        {
            group.Add(JournalQueries.Row(reader));
            if (group.Count == GroupRows) Give();
        }
        if (group.Count > 0) Give();

        void Give()
        {
            give(group);
            Position = group[^1].Ordering;
            group = new List<JournalRow>(GroupRows);
        }
    }
}
