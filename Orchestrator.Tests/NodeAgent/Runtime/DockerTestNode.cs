using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;
using Orchestrator.Protocol.Streams;

using Shouldly;
namespace Orchestrator.Tests.NodeAgent.Runtime;

/// <summary>A cluster of its own on the real engine for one test, removed with everything in it whatever happens.</summary>
internal sealed class DockerTestNode : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly CancellationTokenSource _deadline = new(Deadline);
    private readonly List<DockerRuntime> _runtimes = [];
    private readonly DockerTestEngine _engine;
    private readonly int _network = Random.Shared.Next(256 * 32);
    private int _names;

    private DockerTestNode(DockerTestEngine engine)
    {
        _engine = engine;
        Runtime = AddRuntime("node-a");
    }

    public string ClusterId { get; } = "test-" + Guid.NewGuid().ToString("N");

    public DockerRuntime Runtime { get; }

    public CancellationToken Cancel => _deadline.Token;

    public static async Task<DockerTestNode> StartAsync(DockerTestEngine engine)
    {
        var node = new DockerTestNode(engine);
        try
        {
            await node.Runtime.ConfigureNetworkAsync(node.PodCidr(0), node.Cancel);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>A network per test run and node: tests of other people share the machine.</summary>
    public string PodCidr(int node) => $"10.{192 + _network / 256}.{_network % 256}.{node * 64}/26";

    public DockerRuntime AddRuntime(string nodeName)
    {
        var options = new DockerOptions { ClusterId = ClusterId, NodeName = nodeName, ClusterCidr = $"10.{192 + _network / 256}.{_network % 256}.0/24" };
        var runtime = DockerRuntime.Create(options, TimeProvider.System, NullLogger.Instance);
        _runtimes.Add(runtime);
        return runtime;
    }

    public SandboxSpec Sandbox(string hostName = "pod") =>
        new() { Name = $"{ClusterId}-sandbox-{_names++}", HostName = hostName, Labels = new Dictionary<string, string> { ["pod"] = hostName } };

    public ContainerSpec Container(SandboxState sandbox, params string[] command) => new()
    {
        Name = $"{ClusterId}-container-{_names++}",
        SandboxId = sandbox.Id,
        Image = _engine.Image,
        Command = command,
        Labels = new Dictionary<string, string> { ["test"] = "yes" },
        SecurityOptions = ["seccomp=unconfined"],
    };

    public Task<SandboxState> RunSandboxAsync(string hostName = "pod") => Runtime.RunSandboxAsync(Sandbox(hostName), Cancel);

    public async Task<string> RunAsync(ContainerSpec spec)
    {
        var id = await Runtime.CreateContainerAsync(spec, Cancel);
        await Runtime.StartContainerAsync(id, Cancel);
        return id;
    }

    public async Task<string> RunAsync(SandboxState sandbox, params string[] command) => await RunAsync(Container(sandbox, command));

    public async Task<string> ShellAsync(string containerId, string script)
    {
        var result = await Runtime.ExecAsync(containerId, ["sh", "-c", script], 64 * 1024, Cancel);
        result.ExitCode.ShouldBe(0, result.Output);
        return result.Output.Trim();
    }

    /// <summary>Waits until the container has ended, on the engine's own word.</summary>
    public async Task<ContainerState> EndOfAsync(string containerId)
    {
        while (true)
        {
            var state = await Runtime.InspectAsync(containerId, Cancel);
            if (state!.Phase == ContainerPhase.Exited)
            {
                return state;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancel);
        }
    }

    /// <summary>Runs until it succeeds or the test's deadline passes.</summary>
    public async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancel);
        }
    }

    public async Task<string> LogsAsync(string containerId, LogOptions? options = null)
    {
        var stream = new TestStream();
        await Runtime.LogStreamAsync(containerId, options ?? new LogOptions(false, false, null, null, null), stream, Cancel);
        return Encoding.UTF8.GetString(stream.Written(StreamFrame.Stdout));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var runtime in _runtimes)
        {
            await runtime.DisposeAsync();
        }

        await DockerCleanup.RemoveClusterAsync(ClusterId, DockerTestEngine.Socket, CancellationToken.None);
        _deadline.Dispose();
    }
}

/// <summary>A client's end of a stream, in memory.</summary>
internal sealed class TestStream : INodeStream
{
    private readonly Channel<StreamFrame> _input = Channel.CreateUnbounded<StreamFrame>();
    private readonly Channel<StreamFrame> _output = Channel.CreateUnbounded<StreamFrame>();
    private readonly List<StreamFrame> _read = [];

    public ChannelReader<StreamFrame> Input => _input.Reader;

    public ChannelWriter<StreamFrame> Output => _output.Writer;

    public void Send(byte channel, string text) => _input.Writer.TryWrite(new StreamFrame(channel, Encoding.UTF8.GetBytes(text))).ShouldBeTrue();

    public void EndInput() => _input.Writer.Complete();

    public byte[] Written(byte channel)
    {
        while (_output.Reader.TryRead(out var frame))
        {
            _read.Add(frame);
        }

        return [.. _read.Where(f => f.Channel == channel).SelectMany(f => f.Data.ToArray())];
    }

    public string Text(byte channel) => Encoding.UTF8.GetString(Written(channel));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
