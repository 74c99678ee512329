using System.Text.Json;

namespace Orchestrator.Engine.Remote.Serialization;

/// <summary>
/// One message being written or read on this thread: the byte fields that stand behind its JSON. Converters have no other way to share state within one
/// call. Kept per thread and used again.
/// </summary>
internal sealed class WireOperation
{
    [ThreadStatic]
    private static WireOperation? _current;

    private Utf8JsonWriter? _writer;
    private bool _running;

    public static WireOperation Current => _current ?? throw new InvalidOperationException("Nothing is being written or read on this thread.");

    public List<ReadOnlyMemory<byte>> Raw { get; } = [];

    public static WireOperation Begin()
    {
        var operation = _current ??= new WireOperation();
        if (operation._running)
            throw new InvalidOperationException("A message is written within another one.");
        operation._running = true;
        return operation;
    }

    public Utf8JsonWriter WriterOn(FrameBuffer buffer)
    {
        if (_writer is null)
            _writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true, MaxDepth = 256, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        else
            _writer.Reset(buffer);
        return _writer;
    }

    public void End()
    {
        Raw.Clear();
        _running = false;
    }
}
