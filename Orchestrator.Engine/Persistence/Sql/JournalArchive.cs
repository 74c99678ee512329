using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>What an archive holds: the state of every entity at one ordering.</summary>
public sealed record ArchiveSummary(long Ordering, long Entities);

/// <summary>How a backup is put into a journal.</summary>
public sealed record RestoreOptions
{
    /// <summary>Whether what the journal holds is replaced; else only an empty one is filled.</summary>
    public bool Replace { get; init; }

    /// <summary>
    /// The journal goes on after this ordering, or after the backup's where that is higher. One above every ordering that was given out after the backup was made keeps those who
    /// remember such a one from taking later changes for what followed on it.
    /// </summary>
    public long HeadAtLeast { get; init; }
}

/// <summary>An archive is damaged, cut short, or none of ours.</summary>
public sealed class ArchiveException(string message) : Exception(message);

/// <summary>
/// The form of an archive: gzip over lines of JSON. A head line, then for each row a line that describes it and the payload on a line of its own, then a last line with the number of
/// rows and the SHA-256 of everything before it, so that a piece of an archive is never taken for the whole.
/// </summary>
internal static partial class JournalArchive
{
    private const int Version = 1;
    private const string Kind = "orchestrator-journal";
    private const int LongestLine = 1 << 20;

    internal sealed record Head(string Kind, int Version, long Ordering);

    internal sealed record RowLine(long Ordering, string Id, long Number, string Operation, long WrittenAt, int Length);

    internal sealed record Tail(long Rows, string Sha256);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Head))]
    [JsonSerializable(typeof(RowLine))]
    [JsonSerializable(typeof(Tail))]
    private sealed partial class Format : JsonSerializerContext;

    public static async ValueTask<ArchiveSummary> WriteAsync(Stream to, long ordering, IAsyncEnumerable<JournalRow> rows, CancellationToken cancel)
    {
        var gzip = new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true);
        await using var _ = gzip.ConfigureAwait(false);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await LineAsync(JsonSerializer.SerializeToUtf8Bytes(new Head(Kind, Version, ordering), Format.Default.Head)).ConfigureAwait(false);
        var count = 0L;
        await foreach (var row in rows.WithCancellation(cancel).ConfigureAwait(false))
        {
            var line = new RowLine(row.Ordering, row.PersistenceId, row.SequenceNr, row.Operation, row.WrittenAt.ToUnixTimeMilliseconds(), row.Payload.Length);
            await LineAsync(JsonSerializer.SerializeToUtf8Bytes(line, Format.Default.RowLine)).ConfigureAwait(false);
            await LineAsync(row.Payload).ConfigureAwait(false);
            count++;
        }
        var sum = Convert.ToHexStringLower(hash.GetCurrentHash());
        await LineAsync(JsonSerializer.SerializeToUtf8Bytes(new Tail(count, sum), Format.Default.Tail)).ConfigureAwait(false);
        return new ArchiveSummary(ordering, count);

        async ValueTask LineAsync(ReadOnlyMemory<byte> text)
        {
            hash.AppendData(text.Span);
            hash.AppendData("\n"u8);
            await gzip.WriteAsync(text, cancel).ConfigureAwait(false);
            await gzip.WriteAsync("\n"u8.ToArray(), cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Reads an archive to its end. Throws <see cref="ArchiveException"/> where it is not whole.</summary>
    public static async ValueTask<ArchiveSummary> VerifyAsync(Stream from, CancellationToken cancel)
    {
        var (ordering, rows) = await OpenAsync(from, cancel).ConfigureAwait(false);
        var count = 0L;
        await foreach (var _ in rows.WithCancellation(cancel).ConfigureAwait(false)) count++;
        return new ArchiveSummary(ordering, count);
    }

    /// <summary>Reads the head at once and the rows as they are asked for; the last step checks that they are all there. Throws <see cref="ArchiveException"/>.</summary>
    public static async ValueTask<(long Ordering, IAsyncEnumerable<JournalRow> Rows)> OpenAsync(Stream from, CancellationToken cancel)
    {
        var reader = new Reader(from);
        var head = Parse(await reader.LineAsync(cancel).ConfigureAwait(false), Format.Default.Head);
        if (head.Kind != Kind) throw new ArchiveException("This is no backup of Orchestrator's.");
        if (head.Version != Version) throw new ArchiveException(string.Create(CultureInfo.InvariantCulture, $"The backup has version {head.Version}; this program reads version {Version}."));
        return (head.Ordering, reader.RowsAsync(cancel));
    }

    private static T Parse<T>(ReadOnlyMemory<byte> line, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(line.Span, type) ?? throw new ArchiveException("The backup is damaged: an empty line.");
        }
        catch (JsonException error)
        {
            throw new ArchiveException($"The backup is damaged, or none of Orchestrator's: {error.Message}");
        }
    }

    private sealed class Reader(Stream from)
    {
        private readonly PipeReader _pipe = PipeReader.Create(new GZipStream(from, CompressionMode.Decompress, leaveOpen: true), new StreamPipeReaderOptions(bufferSize: 1 << 16));
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public async IAsyncEnumerable<JournalRow> RowsAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
        {
            using var _ = _hash;
            var count = 0L;
            for (; ; )
            {
                var sum = Convert.ToHexStringLower(_hash.GetCurrentHash());
                var line = await LineAsync(cancel).ConfigureAwait(false);
                if (line.Span.StartsWith("{\"rows\":"u8))
                {
                    var tail = Parse(line, Format.Default.Tail);
                    if (tail.Rows != count || tail.Sha256 != sum) throw new ArchiveException("The backup is damaged: its check sum does not fit.");
                    yield break;
                }
                var row = Parse(line, Format.Default.RowLine);
                if (row.Length is < 0 or int.MaxValue) throw new ArchiveException("The backup is damaged: a row without a length.");
                var payload = await TakeAsync(row.Length + 1, cancel).ConfigureAwait(false);
                yield return new JournalRow(row.Ordering, row.Id, row.Number, row.Operation, payload[..^1], DateTimeOffset.FromUnixTimeMilliseconds(row.WrittenAt));
                count++;
            }
        }

        public async ValueTask<ReadOnlyMemory<byte>> LineAsync(CancellationToken cancel)
        {
            for (; ; )
            {
                var read = await ReadAsync(cancel).ConfigureAwait(false);
                if (read.Buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = read.Buffer.Slice(0, end).ToArray();
                    Consume(read.Buffer.Slice(0, read.Buffer.GetPosition(1, end)));
                    return line;
                }
                if (read.IsCompleted) throw new ArchiveException("The backup is cut short.");
                if (read.Buffer.Length > LongestLine) throw new ArchiveException("This is no backup of Orchestrator's.");
                _pipe.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }

        private async ValueTask<byte[]> TakeAsync(int length, CancellationToken cancel)
        {
            for (; ; )
            {
                var read = await ReadAsync(cancel).ConfigureAwait(false);
                if (read.Buffer.Length >= length)
                {
                    var taken = read.Buffer.Slice(0, length);
                    var bytes = taken.ToArray();
                    Consume(taken);
                    return bytes;
                }
                if (read.IsCompleted) throw new ArchiveException("The backup is cut short.");
                _pipe.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }

        private async ValueTask<ReadResult> ReadAsync(CancellationToken cancel)
        {
            try
            {
                return await _pipe.ReadAsync(cancel).ConfigureAwait(false);
            }
            catch (InvalidDataException error)
            {
                throw new ArchiveException($"The backup is damaged, or none of Orchestrator's: {error.Message}");
            }
        }

        private void Consume(ReadOnlySequence<byte> bytes)
        {
            foreach (var segment in bytes) _hash.AppendData(segment.Span);
            _pipe.AdvanceTo(bytes.End);
        }
    }
}
