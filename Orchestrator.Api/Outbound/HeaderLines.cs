using System.Text;

namespace Orchestrator.Api.Outbound;

/// <summary>
/// Header values that must stand on lines of their own. <c>HttpClient</c> joins the values of a header with commas, which HTTP says is the same; Go's servers do not split them
/// again, and would take a user's groups for one group with commas in its name. The values are joined with a secret instead, and this stream, which sees the head of a request as it goes
/// out, makes lines of them. One request per connection: everything after the first head passes through.
/// </summary>
internal sealed class HeaderLines(Stream inner) : Stream
{
    // Nobody can guess it, so nobody can put a line of his own in.
    private static readonly string Separator = $"~{Guid.NewGuid():N}~";

    private readonly MemoryStream _head = new();
    private bool _passing;

    /// <summary>Values for one header, each to be a line.</summary>
    public static string Join(IEnumerable<string> values) => string.Join(Separator, values);

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_passing) return inner.WriteAsync(buffer, cancellationToken);
        _head.Write(buffer.Span);
        var written = _head.GetBuffer().AsSpan(0, (int)_head.Length);
        var end = written.IndexOf("\r\n\r\n"u8);
        if (end < 0) return ValueTask.CompletedTask;
        _passing = true;
        byte[] head = [.. Encoding.Latin1.GetBytes(string.Join("\r\n", Encoding.Latin1.GetString(written[..end]).Split("\r\n").SelectMany(Lines))), .. written[end..]];
        return inner.WriteAsync(head, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    private static IEnumerable<string> Lines(string line)
    {
        if (!line.Contains(Separator, StringComparison.Ordinal)) return [line];
        var colon = line.IndexOf(": ", StringComparison.Ordinal);
        return line[(colon + 2)..].Split(Separator).Select(value => $"{line[..colon]}: {value}");
    }
}
