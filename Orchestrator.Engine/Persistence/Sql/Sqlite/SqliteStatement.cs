using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Orchestrator.Engine.Persistence.Sql.Sqlite;

/// <summary>
/// A statement prepared once and run by one thread. The journal's hot path uses it instead of <see cref="SqliteCommand"/>, which copies each
/// payload into an array of its own and prepares and looks up parameters by name.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;
    private byte[] _text = new byte[256];

    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _connection = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v3(_connection, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement), _connection);
    }

    public SqliteStatement Bind(int index, long value)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_int64(_statement, index, value), _connection);
        return this;
    }

    public SqliteStatement Bind(int index, string value)
    {
        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        if (_text.Length < most) _text = new byte[most];
        var length = Encoding.UTF8.GetBytes(value, _text);
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_text(_statement, index, _text.AsSpan(0, length)), _connection);
        return this;
    }

    public SqliteStatement Bind(int index, ReadOnlySpan<byte> value)
    {
        // An empty span has no address, which SQLite takes for NULL.
        var code = value.IsEmpty ? raw.sqlite3_bind_zeroblob(_statement, index, 0) : raw.sqlite3_bind_blob(_statement, index, value);
        SqliteException.ThrowExceptionForRC(code, _connection);
        return this;
    }

    /// <summary>Runs to the end. Gives the first row's first column, or null without a row. Throws <see cref="SqliteException"/>.</summary>
    public void Run(out long? first)
    {
        first = null;
        var code = raw.sqlite3_step(_statement);
        while (code == raw.SQLITE_ROW)
        {
            first ??= raw.sqlite3_column_int64(_statement, 0);
            code = raw.sqlite3_step(_statement);
        }
        Finish(code);
    }

    /// <summary>Runs an insert; false where a unique key stands against it. Throws <see cref="SqliteException"/>.</summary>
    public bool TryInsert()
    {
        var code = raw.sqlite3_step(_statement);
        var taken = code != raw.SQLITE_DONE && raw.sqlite3_extended_errcode(_connection) == raw.SQLITE_CONSTRAINT_UNIQUE;
        if (taken) _ = raw.sqlite3_reset(_statement);
        else Finish(code);
        return !taken;
    }

    public void Dispose() => _statement.Dispose();

    private void Finish(int code)
    {
        try
        {
            // Before the reset, which would replace the connection's message.
            SqliteException.ThrowExceptionForRC(code, _connection);
        }
        finally
        {
            _ = raw.sqlite3_reset(_statement);
        }
    }
}
