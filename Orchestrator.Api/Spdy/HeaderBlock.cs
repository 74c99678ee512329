using System.Buffers.Binary;
using System.Text;

namespace Orchestrator.Api.Spdy;

/// <summary>SPDY/3's name/value block before compression: the number of pairs, then each name and value behind its length, four bytes each, big endian.</summary>
internal static class HeaderBlock
{
    /// <summary>Largest block taken, in bytes; Kubernetes' are about a hundred.</summary>
    public const int MaxSize = 64 * 1024;

    /// <summary>Reads a block; names are looked up without regard to case. Throws <see cref="InvalidDataException"/> for one that does not add up.</summary>
    public static IReadOnlyDictionary<string, string> Parse(ReadOnlySpan<byte> block)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var count = Number(ref block); count > 0; count--)
        {
            var name = Text(ref block);
            if (!headers.TryAdd(name, Text(ref block))) throw new InvalidDataException($"header {name} comes twice");
        }
        return headers;
    }

    /// <summary>Writes a block.</summary>
    public static byte[] Format(IReadOnlyDictionary<string, string> headers)
    {
        using var buffer = new MemoryStream();
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, headers.Count);
        buffer.Write(number);
        foreach (var text in headers.SelectMany(h => new[] { h.Key.ToLowerInvariant(), h.Value }))
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            BinaryPrimitives.WriteInt32BigEndian(number, bytes.Length);
            buffer.Write(number);
            buffer.Write(bytes);
        }
        return buffer.ToArray();
    }

    private static string Text(ref ReadOnlySpan<byte> block)
    {
        var length = Number(ref block);
        if (length > block.Length) throw new InvalidDataException("header block ends too early");
        var text = Encoding.UTF8.GetString(block[..(int)length]);
        block = block[(int)length..];
        return text;
    }

    private static uint Number(ref ReadOnlySpan<byte> block)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(block, out var number)) throw new InvalidDataException("header block ends too early");
        block = block[4..];
        return number;
    }
}
