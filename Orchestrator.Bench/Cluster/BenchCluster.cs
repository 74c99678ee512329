using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using Orchestrator.Api.Commands;
using Orchestrator.Api.LocalCluster;

namespace Orchestrator.Bench.Cluster;

/// <summary>A cluster of the published product in a process of its own, on a directory that goes away with it.</summary>
internal sealed partial class BenchCluster : IAsyncDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("bench-cluster-").FullName;
    private readonly string _executable;
    private readonly int _port = FreePort();

    private BenchCluster(string executable) => _executable = executable;

    /// <summary>Address of the API.</summary>
    public Uri Server => new($"https://127.0.0.1:{_port}");

    /// <summary>The administrator's certificate with its key.</summary>
    public X509Certificate2 Admin { get; private set; } = null!;

    /// <summary>From the start of the command to the moment it returned ready.</summary>
    public TimeSpan StartTime { get; private set; }

    /// <summary>Starts and waits until it is ready.</summary>
    public static async Task<BenchCluster> StartAsync()
    {
        var cluster = new BenchCluster(Executable);
        // The first start makes certificates and keys; what is measured is the start of a cluster that exists.
        await cluster.UpAsync();
        await cluster.RunAsync("down");
        cluster.StartTime = await cluster.UpAsync();
        cluster.Admin = cluster.ReadAdmin();
        return cluster;
    }

    /// <summary>Starts simulated nodes, with one member in their process on SQLite or several beside it on PostgreSQL.</summary>
    public static async Task<BenchCluster> StartSimulatedAsync(int nodes, int members)
    {
        var cluster = new BenchCluster(Executable);
        string[] several = members > 1 ? ["--members", members.ToString(CultureInfo.InvariantCulture)] : [];
        await cluster.RunAsync("up", ["--port", $"{cluster._port}", "--detach", "--simulated-nodes", nodes.ToString(CultureInfo.InvariantCulture), .. several]);
        cluster.Admin = cluster.ReadAdmin();
        return cluster;
    }

    /// <summary>Starts several members on a PostgreSQL server of their own, without nodes.</summary>
    public static async Task<BenchCluster> StartMembersAsync()
    {
        var cluster = new BenchCluster(Executable);
        await cluster.EnsureMembersAsync();
        cluster.Admin = cluster.ReadAdmin();
        return cluster;
    }

    /// <summary>Starts the members that are missing and waits until the shards are spread over all of them again.</summary>
    public async Task EnsureMembersAsync()
    {
        await RunAsync("up", "--port", $"{_port}", "--detach", "--nodes", "0", "--members", "3");
        await using var database = new NpgsqlConnection(DatabaseConnection + ";Pooling=false");
        await database.OpenAsync();
        await using var spread = new NpgsqlCommand("SELECT coalesce(max(n) - min(n), 99) FROM (SELECT count(s.shard) AS n FROM members m LEFT JOIN shards s ON s.owner = m.id WHERE m.state = 'up' GROUP BY m.id) AS counts", database);
        while ((long)(await spread.ExecuteScalarAsync())! > 3) await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
    }

    /// <summary>The member processes.</summary>
    public IReadOnlyList<LocalMember> Members => LocalMember.Read(new ClusterDirectory(_data));

    /// <summary>The members' database server.</summary>
    public string DatabaseConnection => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = int.Parse(File.ReadAllText(Path.Combine(_data, "postgres.port")), CultureInfo.InvariantCulture),
        Database = "postgres",
        Username = "orchestrator",
        Password = File.ReadAllText(Path.Combine(_data, "postgres.password")).Trim(),
    }.ToString();

    /// <summary>The cluster's process.</summary>
    public int ProcessId => int.Parse(File.ReadAllText(Path.Combine(_data, "orchestrator.pid")), CultureInfo.InvariantCulture);

    /// <summary>An HTTP client as the administrator, of the cluster or of another server; connections are kept.</summary>
    public HttpClient NewClient(Uri? server = null)
    {
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromHours(1) };
        handler.SslOptions.ClientCertificates = [Admin];
        // The benchmark has just made this server: its identity is not what is measured.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        return new HttpClient(handler) { BaseAddress = server ?? Server, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Resident memory of the cluster's process in MiB.</summary>
    public double ResidentMiB()
    {
        var line = File.ReadLines($"/proc/{ProcessId}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    private static string Executable =>
        Path.Combine(Environment.GetEnvironmentVariable("ORCHESTRATOR_HOME") ?? throw new InvalidOperationException("run the benchmarks through ./orchestrator bench"), "artifacts/orchestrator/orchestrator");

    /// <summary>Removes everything.</summary>
    public async ValueTask DisposeAsync() => await RunAsync("reset");

    private async Task<TimeSpan> UpAsync()
    {
        var start = TimeProvider.System.GetTimestamp();
        await RunAsync("up", "--port", $"{_port}", "--detach", "--node-name", "bench-node");
        return TimeProvider.System.GetElapsedTime(start);
    }

    private async Task RunAsync(string command, params string[] arguments)
    {
        var info = new ProcessStartInfo(_executable, [command, "--data", _data, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"orchestrator {command} failed: {errors}");
    }

    private X509Certificate2 ReadAdmin()
    {
        var config = File.ReadAllText(Path.Combine(_data, "kubeconfig"));
        string Pem(string field) => Encoding.UTF8.GetString(Convert.FromBase64String(Field().Matches(config).First(m => m.Groups[1].Value == field).Groups[2].Value));
        using var pem = X509Certificate2.CreateFromPem(Pem("client-certificate-data"), Pem("client-key-data"));
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>A port of the loopback that nobody has now.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"(client-certificate-data|client-key-data): ""?([A-Za-z0-9+/=]+)")]
    private static partial Regex Field();
}
