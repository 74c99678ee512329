using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Tests.Acceptance;
using Orchestrator.Tests.Engine.Journal;

namespace Orchestrator.Tests.Nemesis;

/// <summary>Three real member processes, each in a network namespace of its own, on one real PostgreSQL server; and the means to hurt them.</summary>
public sealed class NemesisCluster : IAsyncDisposable
{
    public const int Members = 3;

    /// <summary>Two actors of one object wrote, and the journal's own uniqueness had to decide: the last line of defence.</summary>
    public const string SecondWriter = "already has an event with sequence number";

    /// <summary>A member wrote that had been declared down.</summary>
    public const string FencedWriter = "may not write any more at epoch";

    private const int ApiPort = 6443;

    /// <summary>Long: a machine that is busy otherwise may starve three members and a database of its processors, and then leases end again and again.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private readonly string _data = Directory.CreateTempSubdirectory("orchestrator-nemesis-").FullName;
    private readonly Process?[] _processes = new Process?[Members];
    private readonly NemesisNetwork _network = new(Members);
    private PostgresServer? _postgres;
    private string _connection = "";
    private JournalAudit? _audit;

    private NemesisCluster()
    {
    }

    /// <summary>Who wrote what, as the database saw it.</summary>
    public JournalAudit Audit => _audit!;

    /// <summary>The members' APIs.</summary>
    public IReadOnlyList<Uri> Apis => [.. Enumerable.Range(0, Members).Select(i => new Uri($"https://{_network.Address(i)}:{ApiPort}"))];

    public static async Task<NemesisCluster> StartAsync()
    {
        var cluster = new NemesisCluster();
        try
        {
            await cluster._network.CreateAsync();
            var hba = Path.Combine(cluster._data, "pg_hba.conf");
            await File.WriteAllTextAsync(hba, $"local all all trust\nhost all all 127.0.0.1/32 trust\nhost all all {cluster._network.Cidr} trust\n");
            File.SetUnixFileMode(hba, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            File.SetUnixFileMode(cluster._data, File.GetUnixFileMode(cluster._data) | UnixFileMode.OtherExecute); // the server's user reads that file
            cluster._postgres = await PostgresServer.StartAsync($"listen_addresses=127.0.0.1,{cluster._network.Outside}", $"hba_file={hba}", "fsync=on");
            cluster._connection = (await cluster._postgres.CreateDatabaseAsync()).Replace("Host=127.0.0.1", $"Host={cluster._network.Outside}", StringComparison.Ordinal);
            cluster._audit = new JournalAudit(cluster._connection);
            await cluster._audit.InstallAsync();
            await cluster.StartMemberAsync(0);
            await cluster.WaitUntilReadyAsync(0); // the first makes the keys that all share
            for (var i = 1; i < Members; i++) await cluster.StartMemberAsync(i);
            for (var i = 1; i < Members; i++) await cluster.WaitUntilReadyAsync(i);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client that has the administrator's certificate; short-tempered, as the workload has to notice and go elsewhere.</summary>
    public HttpClient NewClient(TimeSpan timeout, TimeSpan? connecting = null)
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_data, "pki", "ca.crt"));
        var admin = X509Certificate2.CreateFromPemFile(Path.Combine(_data, "pki", "admin.crt"), Path.Combine(_data, "pki", "admin.key"));
        return new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = connecting ?? TimeSpan.FromSeconds(1),
            PooledConnectionLifetime = TimeSpan.FromSeconds(20),
            SslOptions =
            {
                ClientCertificates = [admin],
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
            },
        })
        { Timeout = timeout };
    }

    /// <summary>
    /// Starts a member that does not run, with the ready file for three members, on a machine whose clock is <paramref name="clockOffset"/> ahead. The product's own setting does
    /// that: leases are judged by the database's clock and by steady ones, so that a wrong time of day reaches a member only where it reads one, which is through its TimeProvider everywhere (the analyzers see to it). What replaces the
    /// C library's clock disturbs the runtime's own timers instead, and Linux has no time of day per namespace.
    /// </summary>
    public async Task StartMemberAsync(int member, TimeSpan clockOffset = default)
    {
        var file = Path.Combine(_data, string.Create(CultureInfo.InvariantCulture, $"member-{member}.hocon"));
        await File.WriteAllTextAsync(file, $$"""
            include "{{Path.Combine(ClusterFixture.Tree, "hocon", "three-members.hocon")}}"
            orchestrator.api { extra-names = [{{string.Join(", ", Enumerable.Range(0, Members).Select(i => $"\"{_network.Address(i)}\""))}}] }
            orchestrator.node.address = {{_network.Address(member)}}
            orchestrator.debug.clock-offset = {{(clockOffset == TimeSpan.Zero ? "\"\"" : string.Create(CultureInfo.InvariantCulture, $"\"{clockOffset.TotalSeconds}s\""))}}
            akka.loglevel = warning

            """);
        var start = new ProcessStartInfo("ip", ["netns", "exec", _network.Namespace(member),
            "sh", "-c", "exec \"$@\" >>\"$0\" 2>&1", Log(member), Path.Combine(ClusterFixture.Tree, "artifacts", "orchestrator", "orchestrator"), "server", "--data", _data, "--config", file]);
        start.Environment["ORCHESTRATOR_MEMBER"] = string.Create(CultureInfo.InvariantCulture, $"member-{member}");
        start.Environment["ORCHESTRATOR_HOST"] = _network.Address(member);
        start.Environment["ORCHESTRATOR_PORT"] = ApiPort.ToString(CultureInfo.InvariantCulture);
        start.Environment["ORCHESTRATOR_POSTGRES"] = _connection;
        _processes[member] = Process.Start(start);
    }

    public void Kill(int member)
    {
        Signal(member, 9);
        _processes[member]!.WaitForExit();
        _processes[member]!.Dispose();
        _processes[member] = null;
    }

    /// <summary>SIGTERM: the member hands over what it has; completes when it has ended.</summary>
    public async Task StopAsync(int member)
    {
        Signal(member, 15);
        await _processes[member]!.WaitForExitAsync().WaitAsync(Deadline);
        _processes[member]!.Dispose();
        _processes[member] = null;
    }

    public void Pause(int member) => Signal(member, 19);

    public void Continue(int member) => Signal(member, 18);

    public bool IsRunning(int member) => _processes[member] is { HasExited: false };

    public Task CutFromDatabaseAsync(int member) => _network.CutAsync(member, $"ip {{0}} {_network.Outside} tcp {{1}} {_postgres!.Port}");

    public Task CutFromMembersAsync(int member) => _network.CutAsync(member, [.. Enumerable.Range(0, Members).Where(i => i != member).Select(i => $"ip {{0}} {_network.Address(i)}")]);

    /// <summary>Clients come from where the database is, so everything but its port vanishes.</summary>
    public Task CutFromClientsAsync(int member) => _network.CutAsync(member, $"ip {{0}} {_network.Outside} tcp {{1}} != {_postgres!.Port}");

    public Task HealAsync(int member) => _network.HealAsync(member);

    public async Task RestartDatabaseAsync()
    {
        await _postgres!.StopAsync("immediate");
        await _postgres.StartAgainAsync();
    }

    public async Task WaitUntilReadyAsync(int member)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (await ProblemAsync(member) is { } problem)
        {
            if (!IsRunning(member) || TimeProvider.System.GetElapsedTime(started) > Deadline)
                throw new InvalidOperationException($"member {member} is not ready ({problem}): {string.Join('\n', File.ReadLines(Log(member)).TakeLast(20))}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    /// <summary>What the members have said, for a test that failed.</summary>
    public string Logs() => string.Join('\n', Enumerable.Range(0, Members).SelectMany(i => File.ReadLines(Log(i)).TakeLast(60).Prepend($"== member {i}")));

    /// <summary>What members have said about writes that the journal refused for that reason, each line with the member in front.</summary>
    public IReadOnlyList<string> Refused(string reason) =>
        [.. Enumerable.Range(0, Members).SelectMany(i => File.ReadLines(Log(i)).Where(line => line.Contains(reason, StringComparison.Ordinal)).Select(line => $"member-{i} {line}"))];

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < Members; i++)
        {
            if (IsRunning(i)) Kill(i); // also one that is stopped
        }
        if (_postgres is not null) await _postgres.DisposeAsync();
        await _network.DisposeAsync();
        if (Environment.GetEnvironmentVariable("NEMESIS_LOGS") is { Length: > 0 } keep)
        {
            for (var i = 0; i < Members; i++)
                if (File.Exists(Log(i))) File.Copy(Log(i), Path.Combine(keep, Path.GetFileName(Log(i))), overwrite: true);
        }
        Directory.Delete(_data, recursive: true);
    }

    private async Task<string?> ProblemAsync(int member)
    {
        if (!File.Exists(Path.Combine(_data, "pki", "admin.crt"))) return "no keys yet";
        try
        {
            using var client = NewClient(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5));
            using var answer = await client.GetAsync(new Uri(Apis[member], "/readyz"));
            return answer.IsSuccessStatusCode ? null : await answer.Content.ReadAsStringAsync();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            return $"{e.Message} {e.InnerException?.Message}";
        }
    }

    private void Signal(int member, int signal)
    {
        using var kill = Process.Start("kill", [string.Create(CultureInfo.InvariantCulture, $"-{signal}"), string.Create(CultureInfo.InvariantCulture, $"{_processes[member]!.Id}")]);
        kill.WaitForExit();
    }

    private string Log(int member) => Path.Combine(_data, string.Create(CultureInfo.InvariantCulture, $"member-{member}.log"));
}
