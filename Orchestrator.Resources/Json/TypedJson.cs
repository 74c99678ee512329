using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Json;

/// <summary>
/// JSON to and from the generated types. Reading is lenient (unknown fields are skipped, null is the zero value): it is meant for bytes that
/// the decoder of request bodies has already checked. Writing gives Go's form: struct order, sorted maps, <c>omitempty</c>.
/// </summary>
/// <remarks>
/// The types carry their own reading and writing code, written by the schema tool. Measured on a 2.3 KB pod (.NET 10, Release, CPU time because the
/// machine was busy; three runs): first read 52 ms against 250 to 380 ms with System.Text.Json's reflection, warm read 13 µs against 40 µs, warm write
/// 16 µs against 20 µs. Its source generator was not pursued: it cannot say "omit an empty list, keep a struct" as Go's omitempty does.
/// </remarks>
public static class TypedJson
{
    internal static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Reads one object. Throws <see cref="JsonException"/> when the bytes are not JSON or a value has the wrong sort.</summary>
    public static T Read<T>(ReadOnlySpan<byte> utf8) where T : ApiType, new()
    {
        var value = new T();
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 512 });
        try
        {
            reader.Read();
            FieldReader.Into(value, ref reader);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new JsonException($"{typeof(T).Name}: {e.Message}", e);
        }
        return value;
    }

    /// <summary>As <see cref="Read{T}(ReadOnlySpan{byte})"/>, for who only looks: <c>metadata.managedFields</c>, a third of the work, is left out.</summary>
    public static T ReadWithoutManagers<T>(ReadOnlySpan<byte> utf8) where T : ApiType, new()
    {
        FieldReader.WithoutManagers = true;
        try
        {
            return Read<T>(utf8);
        }
        finally
        {
            FieldReader.WithoutManagers = false;
        }
    }

    /// <summary>Reads one object from bytes in memory.</summary>
    public static T Read<T>(ReadOnlyMemory<byte> utf8) where T : ApiType, new() => Read<T>(utf8.Span);

    /// <summary>Reads one object from a node; the node is not changed.</summary>
    public static T Read<T>(JsonNode node) where T : ApiType, new()
    {
        var (buffer, writer) = JsonScratch.Rent();
        node.WriteTo(writer);
        writer.Flush();
        return Read<T>(buffer.WrittenSpan);
    }

    /// <summary>The object as compact UTF-8 JSON.</summary>
    public static byte[] Write<T>(T value) where T : ApiType => Written(value).WrittenSpan.ToArray();

    /// <summary>The object as a fresh node tree.</summary>
    public static JsonObject ToNode<T>(T value) where T : ApiType
    {
        var reader = new Utf8JsonReader(Written(value).WrittenSpan, new JsonReaderOptions { MaxDepth = 512 });
        return JsonNode.Parse(ref reader)!.AsObject();
    }

    /// <summary>A deep copy.</summary>
    public static T Clone<T>(T value) where T : ApiType, new() => Read<T>(Write(value));

    /// <summary>Whether both have the same JSON form.</summary>
    public static bool Same<T>(T left, T right) where T : ApiType => Write(left).AsSpan().SequenceEqual(Written(right).WrittenSpan);

    private static ArrayBufferWriter<byte> Written(ApiType value)
    {
        var (buffer, writer) = JsonScratch.Rent();
        FieldWriter.Object(writer, value);
        writer.Flush();
        return buffer;
    }
}
