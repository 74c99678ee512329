using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Orchestrator.Engine.Persistence.Sql.Sqlite;

/// <summary>One SQLite file as a journal's database: WAL, every commit fsynced, one connection that writes, a pool of others that read.</summary>
internal sealed class SqliteDatabase : IJournalDatabase
{
    /// <summary>A cleanly closed file up to this size is checked at opening all the same: it costs some milliseconds.</summary>
    private const long CheapCheckBytes = 4 << 20;

    private readonly DataLock _lock;
    private readonly SqliteConnection _writer;
    private readonly string _readers;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _advance;
    private readonly SqliteStatement _rival;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _rollback;
    private readonly NewestNumbers _newest = new();
    private string? _boundOperation;
    private volatile bool _suspect;

    private SqliteDatabase(string path, DataLock dataLock, SqliteConnection writer, string memberId, long epoch)
    {
        Path = path;
        _lock = dataLock;
        _writer = writer;
        _readers = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = true }.ToString();
        _begin = new SqliteStatement(writer, "BEGIN IMMEDIATE");
        _advance = new SqliteStatement(
            writer, "UPDATE head SET ordering = ordering + ?1 WHERE EXISTS (SELECT 1 FROM members WHERE id = ?2 AND epoch = ?3 AND state = 'up') RETURNING ordering");
        _advance.Bind(2, memberId).Bind(3, epoch);
        // A statement of its own: within the insert, SQLite would put each row by in a temporary table, because it reads the table it writes.
        _rival = new SqliteStatement(writer, "SELECT 1 FROM journal WHERE persistence_id = ?1 AND sequence_nr >= ?2 LIMIT 1");
        _insert = new SqliteStatement(writer, "INSERT INTO journal (ordering, persistence_id, sequence_nr, operation, written_at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        _commit = new SqliteStatement(writer, "COMMIT");
        _rollback = new SqliteStatement(writer, "ROLLBACK");
        MemberId = memberId;
        Epoch = epoch;
    }

    public string Path { get; }

    public string MemberId { get; }

    /// <summary>The epoch at which this member writes.</summary>
    public long Epoch { get; }

    /// <inheritdoc/>
    public bool IsExclusive => true;

    /// <inheritdoc/>
    public string BeginSnapshot => "BEGIN DEFERRED";

    /// <inheritdoc/>
    public string? RestoreTime => null;

    /// <inheritdoc/>
    public string? LiveMember => null;

    /// <inheritdoc/>
    public string? RemoveMembers => null;

    /// <summary>Opens or makes the file, checks it, and registers the member at a new epoch. Throws <see cref="JournalUnusableException"/>.</summary>
    public static SqliteDatabase Open(string path, string memberId, string address)
    {
        SqliteLibrary.EnsureLoaded();
        path = System.IO.Path.GetFullPath(path);
        var dataLock = DataLock.Acquire(path);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 2 }.ToString());
        try
        {
            connection.Open();
            SqliteSchema.Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 4000");
            SqliteSchema.Ensure(connection, path);
            Check(connection, path);
            var epoch = Register(connection, memberId, address);
            return new SqliteDatabase(path, dataLock, connection, memberId, epoch);
        }
        catch (Exception error)
        {
            connection.Dispose();
            dataLock.Dispose();
            if (error is SqliteException sqlite && Explain(sqlite, path) is { } unusable) throw unusable;
            throw;
        }
    }

    /// <inheritdoc/>
    public Appended Append(AppendBatch batch)
    {
        List<int>? refused = null;
        try
        {
            for (; ; )
            {
                var leftOut = refused?.Select(row => batch.WriteOf[row]).ToHashSet();
                var rows = leftOut is null ? batch.Rows.Count : batch.WriteOf.Count(write => !leftOut.Contains(write));
                if (rows == 0) return new Appended(0, batch.Now, refused);
                var before = Begin(rows);
                var taken = Insert(batch, before, leftOut);
                if (taken < 0)
                {
                    _commit.Run(out _);
                    return new Appended(before, batch.Now, refused);
                }
                _rollback.Run(out _);
                _newest.Clear();
                (refused ??= []).Add(taken);
            }
        }
        catch (Exception error)
        {
            _newest.Clear();
            RollBackAfter(error);
            if (Diagnose(error) is { } unusable) throw unusable;
            throw;
        }
    }

    private long Begin(int rows)
    {
        _begin.Run(out _);
        _advance.Bind(1, rows).Run(out var head);
        return head - rows ?? throw new FencedException($"Member {MemberId} is no longer up at epoch {Epoch}.");
    }

    /// <summary>Inserts all rows but those of the writes left out. Returns the index of a row whose number is taken, or -1 when all are in.</summary>
    private int Insert(AppendBatch batch, long before, HashSet<int>? leftOut)
    {
        var ordering = before;
        _insert.Bind(5, batch.Now);
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            if (leftOut?.Contains(batch.WriteOf[i]) == true) continue;
            var row = batch.Rows[i];
            if (!_newest.IsNext(row.PersistenceId, row.SequenceNr) && HasRival(row)) return i;
            if (!ReferenceEquals(_boundOperation, row.Operation)) _insert.Bind(4, _boundOperation = row.Operation);
            _insert.Bind(1, ++ordering).Bind(2, row.PersistenceId).Bind(3, row.SequenceNr).Bind(6, row.Payload.Span);
            if (!_insert.TryInsert()) return i;
            _newest.Set(row.PersistenceId, row.SequenceNr);
        }
        return -1;
    }

    /// <summary>Not only a taken number is refused but any at or below the newest: compaction may have dropped the row that held it.</summary>
    private bool HasRival(JournalWrite row)
    {
        _rival.Bind(1, row.PersistenceId).Bind(2, row.SequenceNr).Run(out var rival);
        return rival is not null;
    }

    /// <summary>A connection that cannot roll back is not fit for another transaction.</summary>
    private void RollBackAfter(Exception error)
    {
        try
        {
            if (raw.sqlite3_get_autocommit(_writer.Handle) == 0) _rollback.Run(out _);
        }
        catch (SqliteException rollback)
        {
            throw new JournalUnusableException($"{Path} cannot be written: {error.Message} Afterwards the transaction could not be given up: {rollback.Message}", error);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable> LockCompactionAsync(CancellationToken cancel) => new(NoLock.Instance);

    /// <inheritdoc/>
    public TimeSpan? RetryAfter(Exception error, int attempt) => null;

    /// <inheritdoc/>
    public async ValueTask<DbConnection> ConnectAsync(CancellationToken cancel)
    {
        var connection = new SqliteConnection(_readers);
        await connection.OpenAsync(cancel).ConfigureAwait(false);
        return connection;
    }

    /// <inheritdoc/>
    public JournalUnusableException? Diagnose(Exception error)
    {
        if (error is not SqliteException sqlite || Explain(sqlite, Path) is not { } unusable) return null;
        _suspect = true;
        return unusable;
    }

    /// <summary>
    /// Folds the write-ahead log into the file, notes that it was closed in order unless it failed, and lets the next process in.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        foreach (var statement in (SqliteStatement[])[_begin, _advance, _rival, _insert, _commit, _rollback]) statement.Dispose();
        SqliteConnection.ClearPool(new SqliteConnection(_readers));
        try
        {
            if (!_suspect) SqliteSchema.Execute(_writer, "UPDATE meta SET value = 1 WHERE name = 'clean'; PRAGMA wal_checkpoint(TRUNCATE)");
        }
        finally
        {
            _writer.Dispose();
            _lock.Dispose();
        }
        return ValueTask.CompletedTask;
    }

    private static void Check(SqliteConnection connection, string path)
    {
        var clean = SqliteSchema.Number(connection, "SELECT value FROM meta WHERE name = 'clean'") == 1;
        if (clean && new FileInfo(path).Length > CheapCheckBytes) return;
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        if (command.ExecuteScalar() is string verdict && verdict != "ok") throw Corrupt(path, verdict, null);
    }

    private static long Register(SqliteConnection connection, string memberId, string address)
    {
        using var command = connection.CreateCommand();
        command.CommandText = """
            UPDATE meta SET value = 0 WHERE name = 'clean';
            INSERT INTO members (id, address, epoch, state) VALUES (@id, @address, 1, 'up')
            ON CONFLICT (id) DO UPDATE SET address = excluded.address, epoch = epoch + 1, state = 'up' RETURNING epoch
            """;
        command.Parameters.AddWithValue("@id", memberId);
        command.Parameters.AddWithValue("@address", address);
        using var transaction = connection.BeginTransaction();
        command.Transaction = transaction;
        var epoch = (long)command.ExecuteScalar()!;
        transaction.Commit();
        return epoch;
    }

    private static JournalUnusableException? Explain(SqliteException error, string path) => error.SqliteErrorCode switch
    {
        raw.SQLITE_NOTADB or raw.SQLITE_CORRUPT => Corrupt(path, error.Message, error),
        raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => new JournalUnusableException(
            $"{path} cannot be written ({error.Message}). Check that its folder exists and belongs to this user, and that the file system is not mounted read-only.", error),
        raw.SQLITE_IOERR => new JournalUnusableException(
            $"Reading or writing {path} failed ({error.Message}). Check the disk (dmesg), then start again: everything acknowledged so far is kept.", error),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new JournalUnusableException(
            $"{path} is locked by another program (perhaps a database browser). Close it and start again.", error),
        _ => null,
    };

    private static JournalUnusableException Corrupt(string path, string detail, Exception? inner) => new(
        $"{path} is damaged ({detail}). Restore it from a backup, or move it away together with {System.IO.Path.GetFileName(path)}-wal and start with an empty cluster.", inner);

    /// <summary>The file belongs to this process alone.</summary>
    private sealed class NoLock : IAsyncDisposable
    {
        public static NoLock Instance { get; } = new();

        public ValueTask DisposeAsync() => default;
    }
}
