using System.Globalization;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>
/// The journal in a PostgreSQL database that several members share (DESIGN §4). What other members commit arrives by <c>LISTEN</c>, with a look of its own after every
/// reconnect. Lost connections are made again; a write whose answer was lost is looked up, so that its own answer is always true.
/// </summary>
/// <remarks>It reads at once; it writes from <see cref="WriteAsAsync"/> on, as the member that has joined by then, and before throws <see cref="FencedException"/>.</remarks>
public sealed class PostgresJournal : SqlJournal
{
    private readonly PostgresDatabase _database;
    private readonly PostgresListener _listener;

    private PostgresJournal(PostgresDatabase database, Position position, PostgresSettings settings, TimeProvider time)
        : base(database, position, time)
    {
        _database = database;
        Settings = settings;
        _listener = new PostgresListener(settings, time, PostgresSchema.JournalChannel, async () => await ReadHeadAsync().ConfigureAwait(false), OnCommitted);
    }

    /// <summary>The database.</summary>
    public PostgresSettings Settings { get; }

    /// <summary>
    /// Opens the database, making its tables where they are missing. Throws <see cref="JournalUnusableException"/> for one that cannot be reached
    /// within <see cref="PostgresSettings.OpenPatience"/>, refuses the user, holds something else, or is of another version.
    /// </summary>
    public static async ValueTask<PostgresJournal> OpenAsync(PostgresSettings settings, TimeProvider? time = null, CancellationToken cancel = default)
    {
        var clock = time ?? TimeProvider.System;
        var database = await PostgresDatabase.OpenAsync(settings, clock, cancel).ConfigureAwait(false);
        PostgresJournal? journal = null;
        try
        {
            journal = new PostgresJournal(database, await FindPositionAsync(database, cancel).ConfigureAwait(false), settings, clock);
            await journal._listener.ConnectedAsync(cancel).ConfigureAwait(false);
            return journal;
        }
        catch
        {
            await (journal?.DisposeAsync() ?? database.DisposeAsync()).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// From now on writes are the member's at this epoch; completes when those before are answered. A member that joins again after it was declared down calls it
    /// when everything that wrote at the old epoch has stopped.
    /// </summary>
    public Task WriteAsAsync(string memberId, long epoch) => BetweenWritesAsync(() =>
    {
        _database.Writer.WriteAs(memberId, epoch);
        return true;
    });

    /// <inheritdoc/>
    protected override async ValueTask StopAsync()
    {
        _database.Writer.GiveUpWaiting();
        await _listener.DisposeAsync().ConfigureAwait(false);
    }

    private void OnCommitted(int backend, string head)
    {
        // What this process commits itself its writer offers without reading it back.
        if (backend != _database.Writer.Backend) Learned(long.Parse(head, CultureInfo.InvariantCulture));
    }
}
