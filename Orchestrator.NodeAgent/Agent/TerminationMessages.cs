using System.Text;
using System.Threading.Channels;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>
/// What a container leaves behind to say why it ended: its message file (at most 4096 bytes), or with FallbackToLogsOnError the end of its log (2048 bytes or
/// 80 lines) where the file is empty and it failed.
/// </summary>
internal static class TerminationMessages
{
    private const int MaxFile = 4096;
    private const int MaxLog = 2048;
    private const int MaxLogLines = 80;

    /// <summary>The container with its message.</summary>
    public static async Task<ObservedContainer> ReadAsync(ObservedContainer container, IContainerRuntime runtime, CancellationToken cancel)
    {
        var text = ReadFile(container.TerminationMessageFile);
        if (text.Length == 0 && container.TerminationMessagePolicy == "FallbackToLogsOnError" && container.ExitCode != 0)
        {
            var stream = new Capture();
            await runtime.LogStreamAsync(container.Id, new LogOptions(false, false, null, MaxLogLines, null), stream, cancel).ConfigureAwait(false);
            text = stream.Tail(MaxLog);
        }
        return container with { TerminationMessage = text };
    }

    private static string ReadFile(string path)
    {
        if (path.Length == 0 || !File.Exists(path)) return "";
        using var file = File.OpenRead(path);
        if (file.Length > MaxFile) file.Seek(-MaxFile, SeekOrigin.End);
        var buffer = new byte[(int)Math.Min(file.Length, MaxFile)];
        file.ReadExactly(buffer);
        return Encoding.UTF8.GetString(buffer);
    }

    /// <summary>A stream that keeps what is written to it.</summary>
    private sealed class Capture : INodeStream
    {
        private readonly Channel<StreamFrame> _output = Channel.CreateUnbounded<StreamFrame>();
        private readonly Channel<StreamFrame> _input = Channel.CreateBounded<StreamFrame>(1);

        public ChannelReader<StreamFrame> Input => _input.Reader;

        public ChannelWriter<StreamFrame> Output => _output.Writer;

        public string Tail(int limit)
        {
            var all = new MemoryStream();
            while (_output.Reader.TryRead(out var frame))
                if (frame.Channel is StreamFrame.Stdout or StreamFrame.Stderr) all.Write(frame.Data.Span);
            var bytes = all.ToArray();
            return Encoding.UTF8.GetString(bytes.AsSpan(Math.Max(0, bytes.Length - limit)));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
