using System.Buffers;
using System.Text.Json;

namespace Orchestrator.Resources.Json;

/// <summary>A writer and its buffer, one pair per thread: good until the next <see cref="Rent"/> on that thread, so nothing may await or write another object while it is in use.</summary>
internal static class JsonScratch
{
    private const int Usual = 16 << 10;
    private const int KeptAtMost = 1 << 20;

    [ThreadStatic] private static ArrayBufferWriter<byte>? _buffer;
    [ThreadStatic] private static Utf8JsonWriter? _writer;

    /// <summary>The empty buffer and a compact writer to it; the writer must be flushed before the buffer is read.</summary>
    public static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer) Rent()
    {
        // One large object does not keep its memory for ever.
        if (_buffer is null or { Capacity: > KeptAtMost }) (_buffer, _writer) = (new ArrayBufferWriter<byte>(Usual), null);
        _buffer.ResetWrittenCount();
        if (_writer is null) _writer = new Utf8JsonWriter(_buffer, TypedJson.Compact);
        else _writer.Reset(_buffer);
        return (_buffer, _writer);
    }
}
