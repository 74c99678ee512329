using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Orchestrator.Tests.Engine.Journal;

/// <summary>
/// A PostgreSQL server of Debian's package in a directory of its own, on a free port of the loopback. It ends with this process, however that ends: its keeper reads a pipe
/// that closes then.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Binaries = "/usr/lib/postgresql/15/bin";
    private const string User = "postgres";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<PostgresServer>> SharedServer = new(() => StartAsync());
    private static int _databases;

    private readonly string _folder;
    private readonly string[] _options;
    private Process? _keeper;

    private PostgresServer(string folder, int port, string[] options) => (_folder, Port, _options) = (folder, port, options);

    /// <summary>The one that all tests of a run share, each with a database of its own. For tests that leave it running.</summary>
    public static Task<PostgresServer> Shared => SharedServer.Value;

    public int Port { get; }

    private string Data => Path.Combine(_folder, "data");

    /// <summary>Says to the keeper that the server was not just stopped.</summary>
    private string Ended => Path.Combine(_folder, "ended");

    /// <summary>Makes and starts a server that does not wait for the disk, unless <paramref name="options"/> (<c>fsync=on</c>) say otherwise.</summary>
    public static async Task<PostgresServer> StartAsync(params string[] options)
    {
        var server = new PostgresServer(Directory.CreateTempSubdirectory("postgres-").FullName, FreePort(), options);
        await RunAsync("chown", User, server._folder);
        await RunAsync("runuser", "-u", User, "--", $"{Binaries}/initdb", "-D", server.Data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-U", User);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>An empty database, and how to reach it.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test{Interlocked.Increment(ref _databases)}";
        await using var connection = new NpgsqlConnection(ConnectionString(User) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'", connection);
        await command.ExecuteNonQueryAsync();
        return ConnectionString(name);
    }

    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Username={User};Database={database}";

    /// <summary>Stops it as an administrator would (<c>fast</c>: connections are ended), or as a power loss would (<c>immediate</c>).</summary>
    public async Task StopAsync(string mode = "fast")
    {
        await RunAsync("runuser", "-u", User, "--", $"{Binaries}/pg_ctl", "stop", "-D", Data, "-m", mode, "-w");
        await _keeper!.WaitForExitAsync().WaitAsync(Deadline);
        _keeper.Dispose();
        _keeper = null;
    }

    /// <summary>Starts it on the data it had; completes when it answers.</summary>
    public async Task StartAgainAsync()
    {
        var settings = new[] { "fsync=off", "max_connections=200", "shared_buffers=32MB", $"unix_socket_directories={_folder}", "listen_addresses=127.0.0.1" }.Concat(_options);
        var postgres = $"{Binaries}/postgres -D {Data} -p {Port} {string.Join(' ', settings.Select(setting => $"-c {setting}"))}";
        _keeper = Process.Start(new ProcessStartInfo("runuser", ["-u", User, "--", "sh", "-c",
            // A background job of the shell gets no standard input, so the pipe is given to it as another file.
            $"exec 3<&0; {postgres} >>{_folder}/log 2>&1 3<&- & pid=$!; (read -r _ <&3; touch {Ended}; kill -QUIT $pid) & wait $pid; kill $! 2>/dev/null; [ ! -e {Ended} ] || rm -rf {_folder}"])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        })!;
        await WaitUntilItAnswersAsync();
    }

    public ValueTask DisposeAsync()
    {
        Remove();
        return ValueTask.CompletedTask;
    }

    private async Task WaitUntilItAnswersAsync()
    {
        var start = TimeProvider.System.GetTimestamp();
        for (; ; )
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString(User) + ";Pooling=false;Timeout=2");
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException) when (TimeProvider.System.GetElapsedTime(start) < Deadline && !_keeper!.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
            catch (NpgsqlException error)
            {
                throw new InvalidOperationException("PostgreSQL does not start: " + await File.ReadAllTextAsync(Path.Combine(_folder, "log")), error);
            }
        }
    }

    private void Remove()
    {
        if (_keeper is { HasExited: false })
        {
            _keeper.StandardInput.Close();
            _keeper.WaitForExit(TimeSpan.FromSeconds(10));
        }
        else if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Deadline);
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {await output}{await error}");
    }
}
