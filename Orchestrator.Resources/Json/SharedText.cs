using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Orchestrator.Resources.Json;

/// <summary>
/// Short texts that are read again and again (names of fields' values, images, labels; the names of one object in its many versions), each kept once: a small table in which a newer text takes
/// the place of an older one. Of a pod, four fifths of a hundred strings are such. Thread-safe.
/// </summary>
public static class SharedText
{
    private const int Longest = 64;
    internal const int Slots = 8192;

    private static readonly string?[] Table = new string?[Slots];

    /// <summary>The text that a reader stands on, null for JSON null. Throws <see cref="InvalidOperationException"/> for any other token.</summary>
    public static string? Read(ref Utf8JsonReader reader) => Read(ref reader, Table);

    internal static string? Read(ref Utf8JsonReader reader, string?[] table)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length > Longest) return reader.GetString();
        var utf8 = reader.ValueSpan;
        if (utf8.IsEmpty) return "";
        ref var slot = ref table[Place(utf8)];
        var known = Volatile.Read(ref slot);
        // Equal for plain ASCII only; other text is read anew each time.
        if (known is not null && Ascii.Equals(utf8, known)) return known;
        var text = reader.GetString()!;
        Volatile.Write(ref slot, text);
        return text;
    }

    // Beginning, end and length: most texts of one length differ in one of these.
    private static int Place(ReadOnlySpan<byte> utf8)
    {
        ulong head, tail;
        if (utf8.Length >= sizeof(ulong)) (head, tail) = (MemoryMarshal.Read<ulong>(utf8), MemoryMarshal.Read<ulong>(utf8[^sizeof(ulong)..]));
        else
        {
            head = 0;
            foreach (var octet in utf8) head = (head << 8) | octet;
            tail = head;
        }
        var hash = ((head * 0x9E3779B97F4A7C15) ^ BitOperations.RotateLeft(tail, 23) ^ (ulong)utf8.Length) * 0xD6E8FEB86659FD93;
        return (int)(hash >> 51);
    }
}
