using System.Diagnostics;
using Orchestrator.NodeAgent.Volumes;

namespace Orchestrator.Tests.Acceptance;

/// <summary>A Docker Engine of a test's own, beside the machine's, which the test may kill. It makes no network: pods have their agent's.</summary>
internal sealed class PrivateDockerEngine : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("orchestrator-docker-").FullName;
    private Process? _process;

    /// <summary>The engine's socket.</summary>
    public string Socket => Path.Combine(_directory, "docker.sock");

    /// <summary>Starts the engine, on what an earlier start left, and waits until it answers.</summary>
    public async Task StartAsync()
    {
        string[] arguments =
        [
            "--host", $"unix://{Socket}", "--data-root", Path.Combine(_directory, "data"), "--exec-root", Path.Combine(_directory, "exec"), "--pidfile", Path.Combine(_directory, "pid"),
            "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
        ];
        _process = Process.Start(new ProcessStartInfo("sh", ["-c", "log=$1; shift; exec dockerd \"$@\" >>\"$log\" 2>&1", "sh", Log, .. arguments]))!;
        using var timeout = new CancellationTokenSource(Deadline);
        while ((await Shell.RunAsync("docker", ["--host", $"unix://{Socket}", "info"])).ExitCode != 0)
        {
            if (_process.HasExited || timeout.IsCancellationRequested) throw new InvalidOperationException($"dockerd does not start: {await File.ReadAllTextAsync(Log)}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    /// <summary><c>kill -9</c>, or SIGTERM where it is asked to end in order; returns when the process is gone.</summary>
    public async Task StopAsync(int signal)
    {
        var containerd = (await File.ReadAllTextAsync(Path.Combine(_directory, "exec/containerd/containerd.pid"))).Trim();
        (await Shell.RunAsync("kill", [$"-{signal}", $"{_process!.Id}"])).Ok();
        await _process.WaitForExitAsync().WaitAsync(Deadline, TimeProvider.System);
        _process.Dispose();
        _process = null;
        // Its containerd ends with it. An engine that starts before that takes the old one for its own, and waits for it in vain.
        using var timeout = new CancellationTokenSource(Deadline);
        while (Directory.Exists($"/proc/{containerd}")) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, timeout.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) await StopAsync(15);
        LinuxFiles.RemoveTree(_directory); // an engine that was killed has left mounts
    }

    private string Log => Path.Combine(_directory, "log");
}
