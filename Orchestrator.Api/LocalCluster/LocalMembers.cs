using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Api.Commands;

namespace Orchestrator.Api.LocalCluster;

/// <summary>The member processes of a cluster that runs on this machine alone: starts those that are missing, stops all.</summary>
internal sealed class LocalMembers(ClusterDirectory directory, ClusterConfiguration configuration, UpOptions options, TimeProvider time)
{
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    /// <summary>Their own APIs, running or not.</summary>
    public static IReadOnlyList<Uri> Addresses(ClusterDirectory directory) => [.. LocalMember.Read(directory).Select(m => m.Address)];

    /// <summary>Starts what does not run of <paramref name="count"/> members and waits until all of them are ready.</summary>
    public async Task EnsureAsync(int count, string connectionString, Progress progress, CancellationToken cancel)
    {
        var members = LocalMember.Read(directory).ToDictionary(m => m.Id, StringComparer.Ordinal);
        Directory.CreateDirectory(directory.File("members"));
        for (var number = 1; number <= count; number++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"member-{number}");
            if (members.TryGetValue(id, out var known) && known.IsRunning) continue;
            progress.Step($"starting {id}");
            // A member keeps its ports, so that whoever has its address finds it again.
            var (port, remote) = (known?.Address.Port ?? FreePort(), known?.RemotePort ?? FreePort());
            var file = directory.File($"members/{id}.hocon");
            await File.WriteAllTextAsync(file, Configuration(id, port, remote, connectionString), cancel);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite); // it has the database's password
            using var process = ProcessTable.Launch(directory.File($"members/{id}.log"), Environment.ProcessPath!, "server", "--data", directory.Path, "--config", file);
            members[id] = new LocalMember(id, process.Id, new Uri(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{port}")), remote);
            LocalMember.Write(directory, [.. members.Values.OrderBy(m => m.Id, StringComparer.Ordinal)]);
        }
        await WaitUntilReadyAsync(cancel);
    }

    /// <summary>Stops every member that runs, in order: each hands over what it has.</summary>
    public static async Task StopAsync(ClusterDirectory directory, TimeProvider time, CancellationToken cancel)
    {
        var late = new List<string>();
        await Parallel.ForEachAsync(LocalMember.Read(directory), cancel, async (member, stop) =>
        {
            if (!await ProcessTable.StopAsync(member.Pid, ProcessTable.SigTerm, () => member.IsRunning, StopPatience, time, stop))
                lock (late) late.Add($"{member.Id} (process {member.Pid})");
        });
        if (late.Count > 0) throw new CommandFailure($"{string.Join(", ", late)} has not stopped within {StopPatience.TotalSeconds:0} s; the logs are in {directory.File("members")}.");
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancel)
    {
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(directory.Pki, "ca.crt"));
        using var probe = new ReadyProbe(authority);
        var started = time.GetTimestamp();
        foreach (var member in LocalMember.Read(directory))
        {
            while (!await probe.IsReadyAsync(member.Address, cancel))
            {
                var log = directory.File($"members/{member.Id}.log");
                if (!member.IsRunning) throw new CommandFailure($"{member.Id} did not start: {File.ReadLines(log).LastOrDefault(l => l.Trim().Length > 0)}");
                if (time.GetElapsedTime(started) > ReadyPatience) throw new CommandFailure($"{member.Id} is not ready after {ReadyPatience.TotalSeconds:0} s; its log is {log}.");
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancel);
            }
        }
    }

    /// <summary>What differs between the members, over what they share with the cluster's own configuration.</summary>
    private string Configuration(string id, int port, int remote, string connectionString) => $$"""
        # Written by 'orchestrator up' for one member; changes are overwritten.
        {{(options.Config is { } shared ? $"include \"{shared}\"" : "")}}
        orchestrator.cluster.member-id = {{id}}
        orchestrator.api { address = 127.0.0.1, port = {{port}}, public-address = "{{configuration.ApiUri.Authority}}" }
        akka.persistence.journal.sql { provider-name = postgresql, connection-string = "{{connectionString.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}}" }
        akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = {{remote}}, public-hostname = 127.0.0.1 }
        orchestrator.network.cluster-cidr = "{{configuration.ControlPlane.ClusterCidr}}"

        """;

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
