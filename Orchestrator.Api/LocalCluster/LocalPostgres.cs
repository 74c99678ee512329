using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;
using Orchestrator.Api.Commands;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.LocalCluster;

/// <summary>
/// A PostgreSQL server of the cluster's own, with its data in the cluster's directory, reachable from this machine with a password. PostgreSQL does not run as root, and its user
/// does not get into root's directories: the server sees its data at a place of its own, in a mount namespace that ends with it.
/// </summary>
internal sealed class LocalPostgres(ClusterDirectory directory, string clusterId, TimeProvider time)
{
    private const string User = "orchestrator";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // What it needs: to be made at the place, to bind the data there, and to become the package's user.
    private const string AsPostgres = "mkdir -p \"$2\" && mount --bind \"$1\" \"$2\" && shift 2 && exec setpriv --reuid=postgres --regid=postgres --clear-groups -- \"$@\"";

    private string Data => directory.File("postgres");

    private string Place => $"/run/orchestrator-postgres-{clusterId}";

    private string PasswordFile => directory.File("postgres.password");

    private string PortFile => directory.File("postgres.port");

    /// <summary>Where the newest installed server's programs are; null where none is installed.</summary>
    public static string? Programs => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var version) ? version : 0)
            .Select(d => Path.Combine(d, "bin")).FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")))
        : null;

    /// <summary>Whether a directory has one, running or not.</summary>
    public static bool IsIn(ClusterDirectory directory) => File.Exists(directory.File("postgres/PG_VERSION"));

    /// <summary>Starts it, unless it runs, and returns its connection string when it takes connections.</summary>
    public async Task<string> EnsureRunningAsync(CancellationToken cancel)
    {
        if (!File.Exists(Path.Combine(Data, "PG_VERSION"))) await CreateAsync(cancel);
        if (Pid is null) Start();
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = int.Parse(await File.ReadAllTextAsync(PortFile, cancel), CultureInfo.InvariantCulture),
            Database = "postgres",
            Username = User,
            Password = (await File.ReadAllTextAsync(PasswordFile, cancel)).Trim(),
        };
        await WaitAsync(builder.ToString(), cancel);
        return builder.ToString();
    }

    /// <summary>Stops it; nothing where it does not run.</summary>
    public async Task StopAsync(CancellationToken cancel)
    {
        if (Pid is not { } pid) return;
        if (!await ProcessTable.StopAsync(pid, ProcessTable.SigInt, () => Pid == pid, Patience, time, cancel))
            throw new CommandFailure($"PostgreSQL (process {pid}) has not stopped within {Patience.TotalSeconds:0} s; its log is {directory.File("postgres.log")}.");
        if (Directory.Exists(Place)) Directory.Delete(Place); // the mount went with the server; here it is an empty directory
    }

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => Pid is not null;

    /// <summary>The server's process, or null.</summary>
    private int? Pid
    {
        get
        {
            var file = Path.Combine(Data, "postmaster.pid");
            return File.Exists(file) && int.TryParse(File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, out var pid) && ProcessTable.Runs(pid, Place) ? pid : null;
        }
    }

    private async Task CreateAsync(CancellationToken cancel)
    {
        if (Directory.Exists(Data)) Directory.Delete(Data, recursive: true); // an attempt that was interrupted
        Directory.CreateDirectory(Data);
        await RunAsync("chown", ["postgres:postgres", Data], null, cancel);
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        PrivateFile.Write(PasswordFile, password + "\n");
        await RunAsync("unshare", [.. Unshared, $"{Programs}/initdb", "-D", Place, "-U", User, "-E", "UTF8", "--locale=C", "--auth=trust"], null, cancel);
        // The password is set before anybody can connect, and never on a command line.
        await RunAsync("unshare", [.. Unshared, $"{Programs}/postgres", "--single", "-D", Place, "postgres"], $"ALTER USER {User} PASSWORD '{password}'\n", cancel);
        await File.WriteAllTextAsync(Path.Combine(Data, "pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n", cancel);
    }

    private void Start()
    {
        // A stale note of a server that was killed would not let the next one start under the same pid.
        var port = FreePort();
        File.WriteAllText(PortFile, port.ToString(CultureInfo.InvariantCulture));
        ProcessTable.Launch(directory.File("postgres.log"), "unshare", [.. Unshared, $"{Programs}/postgres", "-D", Place, "-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-k", ""]).Dispose();
    }

    private IEnumerable<string> Unshared => ["--mount", "--propagation", "private", "sh", "-c", AsPostgres, "sh", Data, Place];

    private async Task WaitAsync(string connectionString, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var once = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 5 }.ToString();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(once);
                await connection.OpenAsync(cancel);
                return;
            }
            catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
            {
                if (time.GetElapsedTime(started) > Patience)
                    throw new CommandFailure($"PostgreSQL does not take connections after {Patience.TotalSeconds:0} s ({e.Message}); its log is {directory.File("postgres.log")}.");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancel);
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static async Task RunAsync(string command, IReadOnlyList<string> arguments, string? input, CancellationToken cancel)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })
            ?? throw new CommandFailure($"{command} does not start.");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancel);
        await output;
        if (process.ExitCode != 0) throw new CommandFailure($"{command} failed: {(await error).Trim()}");
    }
}
