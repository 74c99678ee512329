using System.Buffers.Text;
using System.Globalization;

namespace Orchestrator.Resources.Writing;

/// <summary>
/// Stored objects carry no resourceVersion: it is the ordering of their journal row, known only at the commit. These functions put it into the
/// bytes as the first field of <c>metadata</c>, which the canonical form places among the first fields of the object.
/// </summary>
public static class ResourceVersionSplice
{
    private static ReadOnlySpan<byte> Metadata => "\"metadata\":{"u8;

    private static ReadOnlySpan<byte> Field => "\"resourceVersion\":\""u8;

    /// <summary>A copy of canonical <paramref name="json"/> with the resourceVersion in place. Throws <see cref="FormatException"/> where there is no metadata object.</summary>
    public static byte[] Insert(ReadOnlySpan<byte> json, long resourceVersion)
    {
        var at = MetadataStart(json);
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(resourceVersion, digits, out var length);
        var more = json[at] != (byte)'}';
        var result = new byte[json.Length + Field.Length + length + (more ? 2 : 1)];
        var rest = result.AsSpan();
        Append(ref rest, json[..at]);
        Append(ref rest, Field);
        Append(ref rest, digits[..length]);
        Append(ref rest, more ? "\","u8 : "\""u8);
        Append(ref rest, json[at..]);
        return result;
    }

    /// <summary>The stored form again: <paramref name="json"/> without the field that <see cref="Insert"/> added.</summary>
    public static byte[] Remove(ReadOnlySpan<byte> json)
    {
        var at = MetadataStart(json);
        if (!json[at..].StartsWith(Field)) return json.ToArray();
        var end = at + Field.Length;
        while (json[end] != (byte)'"') end++;
        end++;
        if (json[end] == (byte)',') end++;
        var result = new byte[json.Length - (end - at)];
        json[..at].CopyTo(result);
        json[end..].CopyTo(result.AsSpan(at));
        return result;
    }

    /// <summary>Reads a resourceVersion as a client sent it: empty and null are null; anything but a decimal number is a <see cref="FormatException"/>.</summary>
    public static long? Parse(string? text) =>
        string.IsNullOrEmpty(text) ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
        : throw new FormatException($"strconv.ParseUint: parsing \"{text}\": invalid syntax");

    private static int MetadataStart(ReadOnlySpan<byte> json)
    {
        var at = json.IndexOf(Metadata);
        return at < 0 ? throw new FormatException("the object has no metadata") : at + Metadata.Length;
    }

    private static void Append(ref Span<byte> target, scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target);
        target = target[bytes.Length..];
    }
}
