using Orchestrator.Api.LocalCluster;
using Orchestrator.Engine.Persistence.Sql;
using Orchestrator.Engine.Persistence.Sql.Postgres;
using Orchestrator.Engine.Persistence.Sql.Sqlite;

namespace Orchestrator.Api.Commands;

/// <summary>Where the journal of a directory's cluster is, for commands that work on it while the cluster is stopped.</summary>
internal sealed class JournalPlace
{
    /// <summary>How the command line names the PostgreSQL server that 'up --members' runs in the directory.</summary>
    public const string Local = "local";

    private readonly ClusterDirectory _directory;
    private readonly string? _connection;
    private readonly LocalPostgres? _server;
    private readonly TimeProvider _time;

    private JournalPlace(ClusterDirectory directory, string? connection, LocalPostgres? server, TimeProvider time) => (_directory, _connection, _server, _time) = (directory, connection, server, time);

    /// <summary>Whether it is in the directory's own file.</summary>
    public bool IsEmbedded => _connection is null && _server is null;

    /// <summary>Whether it is in a PostgreSQL server of the directory's own.</summary>
    public bool IsLocalServer => _server is not null;

    /// <summary>
    /// What the command line says (a connection string, or <see cref="Local"/>), else what the configuration says, else what is there: the directory's own server, or the file.
    /// </summary>
    public static JournalPlace Of(ClusterDirectory directory, ClusterConfiguration configuration, string? postgres, TimeProvider time)
    {
        var connection = postgres is Local ? null : postgres ?? configuration.Member.Postgres;
        if (connection is not null || (postgres is null && !LocalPostgres.IsIn(directory))) return new JournalPlace(directory, connection, null, time);
        return new JournalPlace(directory, null, new LocalPostgres(directory, directory.EnsureClusterId(), time), time);
    }

    /// <summary>The process that has the embedded journal open, or null. Members on PostgreSQL are found by the database.</summary>
    public static int? UserOf(ClusterDirectory directory)
    {
        var note = directory.Journal + ".pid";
        return File.Exists(note) && int.TryParse(File.ReadAllText(note), System.Globalization.CultureInfo.InvariantCulture, out var pid) && pid != Environment.ProcessId && ProcessTable.Runs(pid, "orchestrator") ? pid : null;
    }

    /// <summary>Opens it, not as a member, and hands it to <paramref name="use"/>. A server of the directory's own runs meanwhile. Throws <see cref="JournalUnusableException"/>.</summary>
    public async Task<T> UseAsync<T>(Func<SqlJournal, Task<T>> use, CancellationToken cancel)
    {
        try
        {
            var connection = _server is null ? _connection : await _server.EnsureRunningAsync(cancel);
            SqlJournal journal = connection is null
                ? await SqliteJournal.OpenAsync(_directory.Journal, "maintenance", "", _time, cancel)
                : await PostgresJournal.OpenAsync(new PostgresSettings(connection), _time, cancel);
            await using var _ = journal;
            return await use(journal);
        }
        finally
        {
            if (_server is not null) await _server.StopAsync(CancellationToken.None);
        }
    }

    /// <summary>Sets an embedded journal aside that is no longer the cluster's, so that nothing starts on it by mistake.</summary>
    public void RetireEmbedded()
    {
        if (IsEmbedded || !File.Exists(_directory.Journal)) return;
        foreach (var suffix in new[] { "-wal", "-shm", ".pid", ".lock", "" })
            if (File.Exists(_directory.Journal + suffix)) File.Move(_directory.Journal + suffix, $"{_directory.Journal}.retired{suffix}", overwrite: true);
    }
}
