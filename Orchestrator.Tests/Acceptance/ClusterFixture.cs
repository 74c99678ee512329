using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>
/// A real cluster for the acceptance tests: <c>./orchestrator up --detach</c> on a directory of its own, real Docker Engine, the two real kubectls. Removed with
/// <c>./orchestrator reset</c> afterwards, and checked to have left nothing behind.
/// </summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    /// <summary>A small image that only this test suite uses: busybox, imported.</summary>
    public const string Image = "orchestrator-test/busybox:1";

    /// <summary>kubectl 1.32 that speaks SPDY where it would speak WebSocket.</summary>
    public const string OverSpdy = "1.32 over SPDY";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private readonly string _data = Directory.CreateTempSubdirectory("orchestrator-acceptance-").FullName;
    private readonly int _port = FreePort();
    private readonly string? _dockerSocket;

    /// <summary>On the machine's Docker Engine.</summary>
    public ClusterFixture()
    {
    }

    /// <summary>On another Docker Engine.</summary>
    internal ClusterFixture(string dockerSocket) => _dockerSocket = dockerSocket;

    /// <summary>The cluster's kubeconfig.</summary>
    public string Kubeconfig => Path.Combine(_data, "kubeconfig");

    /// <summary>The cluster's directory.</summary>
    public string Data => _data;

    /// <summary>Root of the source tree.</summary>
    public static string Tree { get; } = FindTree();

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await ImportImageAsync(_dockerSocket);
        // A pod network of its own: other clusters may run on this machine.
        await File.WriteAllTextAsync(Path.Combine(_data, "orchestrator.hocon"), $"""
            orchestrator.network.cluster-cidr = "10.{112 + Random.Shared.Next(64)}.0.0/16"
            {(_dockerSocket is null ? "" : $"orchestrator.node.docker-socket = \"{_dockerSocket}\"")}

            """);
        await UpAsync();
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        var id = (await File.ReadAllTextAsync(Path.Combine(_data, "cluster-id"))).Trim();
        await OrchestratorAsync("reset");
        var left = await DockerAsync("ps", "-aq", "--filter", $"label=orchestrator.cluster={id}");
        left.Ok().Trim().ShouldBeEmpty("reset left containers behind");
        Directory.Exists(_data).ShouldBeFalse("reset left the data directory behind");
    }

    /// <summary>Starts, or resumes, the cluster.</summary>
    public async Task UpAsync() => (await OrchestratorAsync("up", "--port", $"{_port}", "--detach", "--node-name", "node-1")).Ok();

    /// <summary>Runs the product's own command on this cluster.</summary>
    public Task<ShellResult> OrchestratorAsync(string command, params string[] arguments) =>
        Shell.RunAsync(Path.Combine(Tree, "orchestrator"), [command, "--data", _data, .. arguments]);

    /// <summary>Runs docker on the cluster's engine.</summary>
    public Task<ShellResult> DockerAsync(params IEnumerable<string> arguments) => DockerAsync(_dockerSocket, arguments);

    /// <summary>Runs kubectl in a version: "1.32", "1.20", or "1.32 over SPDY", which leaves WebSockets alone as 1.20 does.</summary>
    public Task<ShellResult> KubectlAsync(string version, string commandLine, string? input = null) => KubectlAsync(version, Split(commandLine), input);

    /// <summary>As above, with the arguments split already.</summary>
    public Task<ShellResult> KubectlAsync(string version, IEnumerable<string> arguments, string? input = null) =>
        Shell.RunAsync(KubectlPath(version), arguments, input, KubectlEnvironment(version));

    /// <summary>Runs kubectl with a terminal, which script(1) gives it; what is typed is sent as if by hand. Output and errors are one.</summary>
    public Task<ShellResult> KubectlOnTerminalAsync(string version, string commandLine, string? typed = null) =>
        Shell.RunAsync("script", ["-qec", $"{KubectlPath(version)} {commandLine}", "/dev/null"], typed, KubectlEnvironment(version));

    /// <summary>Starts kubectl and leaves it running; the caller reads what it prints and ends it.</summary>
    public Process StartKubectl(string version, string commandLine)
    {
        var start = new ProcessStartInfo(KubectlPath(version), Split(commandLine)) { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var (name, value) in KubectlEnvironment(version)) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>The program of a version.</summary>
    public static string KubectlPath(string version) => Environment.GetEnvironmentVariable(version == "1.20" ? "KUBECTL_120" : "KUBECTL_132")
        ?? throw new InvalidOperationException("KUBECTL_120 and KUBECTL_132 name the kubectls: run ./test");

    private Dictionary<string, string> KubectlEnvironment(string version)
    {
        var environment = new Dictionary<string, string> { ["KUBECONFIG"] = Kubeconfig };
        if (version == OverSpdy)
        {
            environment["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = "false";
            environment["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = "false";
        }
        return environment;
    }

    /// <summary>Repeats a command until its output satisfies a condition.</summary>
    public async Task<string> EventuallyAsync(string version, string commandLine, Func<string, bool> condition)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        while (true)
        {
            var result = await KubectlAsync(version, commandLine);
            if (result.ExitCode == 0 && condition(result.Output)) return result.Output;
            if (timeout.IsCancellationRequested) throw new TimeoutException($"'kubectl {commandLine}' never showed what was expected; last:\n{result.Output}{result.Errors}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    /// <summary>A namespace of one's own.</summary>
    public async Task<string> NamespaceAsync(string version)
    {
        var name = $"t{Guid.NewGuid().ToString("N")[..10]}";
        (await KubectlAsync(version, $"create namespace {name}")).Ok();
        await EventuallyAsync(version, $"-n {name} get serviceaccount default -o name", o => o.Contains("default"));
        return name;
    }

    /// <summary>Splits a command line at blanks; single quotes group.</summary>
    public static IReadOnlyList<string> Split(string commandLine)
    {
        var parts = new List<string>();
        var part = new System.Text.StringBuilder();
        var quoted = false;
        var started = false;
        foreach (var c in commandLine)
        {
            if (c == '\'')
            {
                quoted = !quoted;
                started = true;
            }
            else if (c == ' ' && !quoted)
            {
                if (started) parts.Add(part.ToString());
                part.Clear();
                started = false;
            }
            else
            {
                part.Append(c);
                started = true;
            }
        }
        if (started) parts.Add(part.ToString());
        return parts;
    }

    private static Task<ShellResult> DockerAsync(string? socket, IEnumerable<string> arguments) =>
        Shell.RunAsync("docker", [.. socket is null ? Array.Empty<string>() : ["--host", $"unix://{socket}"], .. arguments]);

    /// <summary>Makes the image on an engine, the machine's where none is named.</summary>
    internal static async Task ImportImageAsync(string? dockerSocket = null)
    {
        var root = Directory.CreateTempSubdirectory("busybox-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "bin"));
        Directory.CreateDirectory(Path.Combine(root, "tmp"));
        File.Copy("/bin/busybox", Path.Combine(root, "bin/busybox"));
        var applets = (await Shell.RunAsync("/bin/busybox", ["--list"])).Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var applet in applets.Where(a => a != "busybox")) File.CreateSymbolicLink(Path.Combine(root, "bin", applet), "busybox");
        var archive = Path.Combine(root, "..", Path.GetFileName(root) + ".tar");
        (await Shell.RunAsync("tar", ["-C", root, "-cf", archive, "."])).Ok();
        (await DockerAsync(dockerSocket, ["import", "-c", "ENV PATH=/bin", "-c", "CMD [\"sh\"]", archive, Image])).Ok();
        File.Delete(archive);
        Directory.Delete(root, recursive: true);
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string FindTree()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Orchestrator.sln"))) directory = directory.Parent!;
        return directory.FullName;
    }
}

/// <summary>The acceptance tests share one cluster.</summary>
[CollectionDefinition(nameof(ClusterCollection))]
public sealed class ClusterCollection : ICollectionFixture<ClusterFixture>;
