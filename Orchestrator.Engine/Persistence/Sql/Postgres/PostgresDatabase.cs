using System.Data.Common;
using Npgsql;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>A PostgreSQL database as a journal's: one connection that appends, a pool of others that read, any number of members.</summary>
internal sealed class PostgresDatabase : IJournalDatabase
{
    private readonly PostgresSettings _settings;
    private readonly NpgsqlDataSource _readers;
    private readonly Backoff _backoff;

    private PostgresDatabase(PostgresSettings settings, NpgsqlDataSource readers, PostgresWriter writer) =>
        (_settings, _readers, Writer, _backoff) = (settings, readers, writer, new Backoff(settings.Random));

    /// <inheritdoc/>
    public bool IsExclusive => false;

    /// <inheritdoc/>
    public string BeginSnapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    /// <inheritdoc/>
    public string RestoreTime => "UPDATE head SET written_at = @writtenAt";

    /// <inheritdoc/>
    public string LiveMember => "SELECT id FROM members WHERE state IN ('joining', 'up', 'leaving') AND lease_until > clock_timestamp() ORDER BY id LIMIT 1";

    /// <inheritdoc/>
    public string RemoveMembers => "DELETE FROM shards; DELETE FROM leases; DELETE FROM members";

    public PostgresWriter Writer { get; }

    /// <summary>Connects and makes the tables where they are missing. Throws <see cref="JournalUnusableException"/>.</summary>
    public static async ValueTask<PostgresDatabase> OpenAsync(PostgresSettings settings, TimeProvider time, CancellationToken cancel)
    {
        var readers = settings.Source("reader", builder =>
            (builder.MaxPoolSize, builder.MaxAutoPrepare, builder.AutoPrepareMinUsages) = (settings.MaxReaders, 32, 2));
        var backoff = new Backoff(settings.Random);
        var start = time.GetTimestamp();
        for (var failures = 0; ;)
        {
            TimeSpan pause;
            try
            {
                var connection = await readers.OpenConnectionAsync(cancel).ConfigureAwait(false);
                await using var _ = connection.ConfigureAwait(false);
                await PostgresSchema.EnsureAsync(connection, cancel).ConfigureAwait(false);
                return new PostgresDatabase(settings, readers, new PostgresWriter(settings, time));
            }
            catch (Exception error) when (PassesByItself(error) && time.GetElapsedTime(start) + (pause = backoff.After(++failures)) < settings.OpenPatience)
            {
                PostgresLog.ConnectionLost(settings.Logger, settings.Name, "opening", error.Message, pause);
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException)
            {
                await readers.DisposeAsync().ConfigureAwait(false);
                throw PostgresErrors.CannotOpen(error, settings.Name);
            }
            catch
            {
                await readers.DisposeAsync().ConfigureAwait(false);
                throw;
            }
            await Task.Delay(pause, time, cancel).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Appended Append(AppendBatch batch)
    {
        try
        {
            return Writer.Append(batch);
        }
        catch (PostgresException error) when (Diagnose(error) is { } unusable)
        {
            throw unusable;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<DbConnection> ConnectAsync(CancellationToken cancel) => await _readers.OpenConnectionAsync(cancel).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IAsyncDisposable> LockCompactionAsync(CancellationToken cancel)
    {
        var connection = await _readers.OpenConnectionAsync(cancel).ConfigureAwait(false);
        try
        {
            // The lock goes with the connection, however that ends. Another member's compaction may take its time.
            var command = new NpgsqlCommand($"SELECT pg_advisory_lock({PostgresSchema.CompactionLock})", connection) { CommandTimeout = 0 };
            await using var _ = command.ConfigureAwait(false);
            await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
            return new CompactionTurn(connection);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public JournalUnusableException? Diagnose(Exception error) => PostgresErrors.Explain(error, _settings.Name);

    /// <inheritdoc/>
    public TimeSpan? RetryAfter(Exception error, int attempt) => PassesByItself(error) ? _backoff.After(attempt) : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Writer.Dispose();
        await _readers.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>A wrong password or a missing database is a lost connection as well, but waiting does not help.</summary>
    private static bool PassesByItself(Exception error) => PostgresErrors.IsConnectionLost(error)
        && error is not PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification };

    private sealed class CompactionTurn(NpgsqlConnection connection) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await using var _ = connection.ConfigureAwait(false);
            try
            {
                // The pool would reset the session only when the connection is taken again.
                var command = new NpgsqlCommand($"SELECT pg_advisory_unlock({PostgresSchema.CompactionLock})", connection);
                await using var __ = command.ConfigureAwait(false);
                await command.ExecuteNonQueryAsync().ConfigureAwait(false);
            }
            catch (NpgsqlException error) when (PostgresErrors.IsConnectionLost(error))
            {
                // The lock went with the connection.
            }
        }
    }
}
