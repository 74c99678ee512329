using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Orchestrator.Api.LocalCluster;

namespace Orchestrator.Api.Commands;

/// <summary>Sees to it that the machine has what a node needs: root, Docker Engine, kubectl. Installs Debian's packages where they are missing, and says so.</summary>
public sealed partial class Prerequisites(Progress progress, TimeProvider time)
{
    private const string DefaultSocket = "/var/run/docker.sock";
    private static readonly TimeSpan DockerDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Throws <see cref="CommandFailure"/> with one sentence where something cannot be had.</summary>
    /// <param name="dockerSocket">The engine's socket. Only the engine on the usual one is installed and started here.</param>
    public async Task EnsureAsync(string dockerSocket, CancellationToken cancel)
    {
        if (!OperatingSystem.IsLinux()) throw new CommandFailure("a node needs Linux; on this system run it in a Linux virtual machine.");
        if (GetEffectiveUserId() != 0)
            throw new CommandFailure("a node sets up networks and mounts, so it has to run as root: try 'sudo ./orchestrator up'.");
        if (FindOnPath("kubectl") is null) await InstallAsync("kubectl", "kubernetes-client", cancel);
        if (await DockerAnswersAsync(dockerSocket, cancel)) return;
        if (dockerSocket != DefaultSocket) throw new CommandFailure($"Docker Engine does not answer on {dockerSocket} (orchestrator.node.docker-socket); start it and try again.");
        if (FindOnPath("dockerd") is null) await InstallAsync("Docker Engine", "docker.io", cancel);
        if (!await DockerAnswersAsync(DefaultSocket, cancel)) await StartDockerAsync(cancel);
    }

    /// <summary>PostgreSQL's programs, for a database of the cluster's own.</summary>
    public async Task EnsurePostgresAsync(CancellationToken cancel)
    {
        if (LocalPostgres.Programs is not null) return;
        await InstallAsync("PostgreSQL", "postgresql", cancel);
        if (LocalPostgres.Programs is null) throw new CommandFailure("PostgreSQL was installed, but its programs are not in /usr/lib/postgresql; name a database with --postgres instead.");
    }

    private async Task InstallAsync(string what, string package, CancellationToken cancel)
    {
        if (FindOnPath("apt-get") is null)
            throw new CommandFailure($"{what} is missing and this system has no apt-get; install {what} with its package manager and try again.");
        progress.Step($"installing {what} (Debian's package {package})");
        await RunAsync("apt-get", ["update", "-qq"], cancel);
        await RunAsync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", package], cancel);
    }

    private async Task StartDockerAsync(CancellationToken cancel)
    {
        if (Directory.Exists("/run/systemd/system"))
        {
            progress.Step("starting Docker Engine (systemctl start docker)");
            await RunAsync("systemctl", ["start", "docker"], cancel);
        }
        else
        {
            if (FindOnPath("dockerd") is null) throw new CommandFailure($"Docker Engine does not answer on {DefaultSocket} and dockerd is not installed here; start Docker and try again.");
            progress.Step("starting Docker Engine (dockerd, log in /var/log/dockerd.log)");
            // A session of its own: it has to outlive this command, as a service would.
            await RunAsync("setsid", ["--fork", "sh", "-c", "exec dockerd >/var/log/dockerd.log 2>&1 </dev/null"], cancel);
        }
        var started = time.GetTimestamp();
        while (!await DockerAnswersAsync(DefaultSocket, cancel))
        {
            if (time.GetElapsedTime(started) > DockerDeadline) throw new CommandFailure($"Docker Engine does not answer on {DefaultSocket}; see /var/log/dockerd.log or 'systemctl status docker'.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancel);
        }
    }

    private static async Task<bool> DockerAnswersAsync(string dockerSocket, CancellationToken cancel)
    {
        if (!File.Exists(dockerSocket)) return false;
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(dockerSocket), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            return (await http.GetAsync("http://docker/_ping", cancel)).IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task RunAsync(string command, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        var info = new ProcessStartInfo(command, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        info.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using var process = Process.Start(info) ?? throw new CommandFailure($"{command} does not start.");
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        await output;
        if (process.ExitCode != 0) throw new CommandFailure($"'{command} {string.Join(' ', arguments)}' failed: {(await errors).Trim()}");
    }

    private static string? FindOnPath(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(d => Path.Combine(d, command)).FirstOrDefault(File.Exists);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
