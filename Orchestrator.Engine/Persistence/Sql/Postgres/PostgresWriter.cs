using Npgsql;
using NpgsqlTypes;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>
/// The one connection that appends, used by the journal's writer thread only. It survives the loss of its connection: a new session is made in a transaction that takes
/// the lock on the head, after which nothing of an earlier session can commit any more; then one look tells what became of the batch that was under way.
/// </summary>
internal sealed class PostgresWriter : IDisposable
{
    private readonly PostgresSettings _settings;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly NpgsqlDataSource _source;
    private readonly CancellationTokenSource _closing = new();
    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _append;
    private Identity? _identity;
    private int _backend;

    private sealed record Identity(string MemberId, long Epoch);

    public PostgresWriter(PostgresSettings settings, TimeProvider time)
    {
        (_settings, _time, _backoff) = (settings, time, new Backoff(settings.Random));
        _source = settings.Source("writer", builder =>
        {
            builder.Pooling = false;
            // Every statement of the journal's functions goes by an index, however small the table was when it was planned.
            builder.Options += " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_generic_plan" + PostgresSettings.NeverIdleInTransaction;
        });
    }

    /// <summary>Process id of the server's side of the connection; its own notifications are no news. Any thread.</summary>
    public int Backend => Volatile.Read(ref _backend);

    /// <summary>Writes as this member, at this epoch, from the next batch on.</summary>
    public void WriteAs(string memberId, long epoch)
    {
        _identity = new Identity(memberId, epoch);
        Disconnect();
    }

    /// <summary>No more waiting for a database that cannot be reached. Any thread.</summary>
    public void GiveUpWaiting() => _closing.Cancel();

    /// <inheritdoc cref="IJournalDatabase.Append"/>
    public Appended Append(AppendBatch batch)
    {
        var identity = _identity ?? throw new FencedException("This member has not joined the cluster.");
        var batchId = Random.Shared.NextInt64();
        var outcomeUnknown = false;
        for (var failures = 0; ;)
        {
            try
            {
                var fenced = !EnsureSession(identity, out var session);
                if (outcomeUnknown && FindCommitted(batch, batchId) is { } committed)
                {
                    PostgresLog.OutcomeFound(_settings.Logger, _settings.Name, batch.Rows.Count, "had been committed");
                    return committed;
                }
                if (fenced)
                {
                    // One that is still joining is given a session as soon as it is up.
                    Disconnect();
                    throw Fenced(identity);
                }
                if (outcomeUnknown) PostgresLog.OutcomeFound(_settings.Logger, _settings.Name, batch.Rows.Count, "had not been committed and is repeated");
                outcomeUnknown = true;
                return Execute(batch, batchId, identity, session);
            }
            catch (PostgresException error) when (error.SqlState == PostgresSchema.FencedState)
            {
                throw Fenced(identity);
            }
            catch (Exception error) when (PostgresErrors.IsConnectionLost(error))
            {
                Disconnect();
                Pause(++failures, error);
            }
            catch (PostgresException)
            {
                // The server says that it has undone everything.
                throw;
            }
            catch (Exception error) when (error is not FencedException)
            {
                Disconnect();
                throw;
            }
        }
    }

    public void Dispose()
    {
        Disconnect();
        _source.Dispose();
        _closing.Dispose();
    }

    private long? _session;

    /// <summary>Connects where that is not done. False for a member that may not write.</summary>
    private bool EnsureSession(Identity identity, out long session)
    {
        if (_connection is null)
        {
            var connection = _source.CreateConnection();
            try
            {
                connection.Open();
                Prepare(connection);
                using var command = new NpgsqlCommand("SELECT journal_session($1, $2)", connection) { Parameters = { new() { Value = identity.MemberId }, new() { Value = identity.Epoch } } };
                _session = command.ExecuteScalar() as long?;
                Volatile.Write(ref _backend, connection.ProcessID);
                _connection = connection;
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }
        session = _session ?? 0;
        return _session is not null;
    }

    private void Prepare(NpgsqlConnection connection)
    {
        // A server that is set to answer before a commit is on disk would lose what was acknowledged.
        using (var durable = new NpgsqlCommand("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')", connection))
            durable.ExecuteNonQuery();
        _append = new NpgsqlCommand("SELECT before, written, refused FROM journal_append($1, $2, $3, $4, $5, $6, $7, $8, $9)", connection);
        foreach (var type in (NpgsqlDbType[])[NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Array | NpgsqlDbType.Integer, NpgsqlDbType.Array | NpgsqlDbType.Text,
            NpgsqlDbType.Array | NpgsqlDbType.Bigint, NpgsqlDbType.Array | NpgsqlDbType.Text, NpgsqlDbType.Array | NpgsqlDbType.Bytea])
            _append.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type });
        _append.Prepare();
    }

    private Appended Execute(AppendBatch batch, long batchId, Identity identity, long session)
    {
        object[] values = [identity.MemberId, identity.Epoch, session, batchId, batch.WriteOf.ToArray(), Ids(batch), Numbers(batch),
            batch.Rows.Select(row => row.Operation).ToArray(), batch.Rows.Select(row => row.Payload).ToArray()];
        for (var i = 0; i < values.Length; i++) _append!.Parameters[i].Value = values[i];
        using var reader = _append!.ExecuteReader();
        reader.Read();
        var appended = new Appended(reader.GetInt64(0), reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<int[]>(2).Select(index => index - 1).ToArray());
        // To the end: the commit's own failure would come after the row.
        while (reader.NextResult()) { }
        return appended;
    }

    private static string[] Ids(AppendBatch batch) => [.. batch.Rows.Select(row => row.PersistenceId)];

    private static long[] Numbers(AppendBatch batch) => [.. batch.Rows.Select(row => row.SequenceNr)];

    /// <summary>The batch as it was committed by an earlier session, or null. Final, because no earlier session can commit any more.</summary>
    private Appended? FindCommitted(AppendBatch batch, long batchId)
    {
        using var command = new NpgsqlCommand(
            "SELECT w.i, j.ordering, j.written_at FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS w (id, number, i) "
            + "JOIN journal j ON j.persistence_id = w.id AND j.sequence_nr = w.number AND j.batch = $3 ORDER BY w.i", _connection)
        {
            Parameters = { new() { Value = Ids(batch) }, new() { Value = Numbers(batch) }, new() { Value = batchId } },
        };
        var found = new List<CommittedBatch.Row>();
        using var reader = command.ExecuteReader();
        while (reader.Read()) found.Add(new((int)reader.GetInt64(0) - 1, reader.GetInt64(1), reader.GetInt64(2)));
        return CommittedBatch.Recognise(batch, found);
    }

    private void Pause(int failures, Exception error)
    {
        var pause = _backoff.After(failures);
        PostgresLog.ConnectionLost(_settings.Logger, _settings.Name, "writer", error.Message, pause);
        try
        {
            Task.Delay(pause, _time, _closing.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            throw new JournalUnusableException(
                $"{_settings.Name} could not be reached ({error.Message}) when the journal was closed. Whether the last writes are in it shows when it can be read again.", error);
        }
    }

    private FencedException Fenced(Identity identity) => new($"Member {identity.MemberId} may not write any more at epoch {identity.Epoch}: it was declared down, left, or joined again.");

    private void Disconnect()
    {
        _append?.Dispose();
        _append = null;
        _connection?.Dispose();
        _connection = null;
        _session = null;
    }
}
