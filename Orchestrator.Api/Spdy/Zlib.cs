using System.Runtime.InteropServices;

namespace Orchestrator.Api.Spdy;

/// <summary>
/// A zlib stream with a preset dictionary, by the system's <c>libz.so.1</c>: .NET's own compression cannot set one. One instance is one direction of one
/// connection, its state goes on from call to call; not for concurrent use.
/// </summary>
internal sealed unsafe partial class Zlib : IDisposable
{
    private const int SyncFlush = 2;
    private const int Ok = 0;
    private const int NeedsDictionary = 2;
    private const int BufferError = -5;
    private const int Deflated = 8;

    // Large enough for the dictionary; keeps a connection's compressor at a few kilobytes.
    private const int WindowBits = 12;
    private const int LowMemory = 2;
    private const int BestCompression = 9;

    private readonly bool _compress;
    private readonly byte[] _dictionary;
    private NativeStream* _stream;

    private Zlib(bool compress, byte[] dictionary)
    {
        (_compress, _dictionary) = (compress, dictionary);
        // zlib remembers the address of the structure, so it must not be memory that the collector moves.
        _stream = (NativeStream*)NativeMemory.AllocZeroed((nuint)sizeof(NativeStream));
        try
        {
            if (!compress)
            {
                Check(inflateInit_(_stream, "1", sizeof(NativeStream)), "inflateInit");
                return;
            }
            Check(deflateInit2_(_stream, BestCompression, Deflated, WindowBits, LowMemory, 0, "1", sizeof(NativeStream)), "deflateInit");
            fixed (byte* bytes = dictionary) Check(deflateSetDictionary(_stream, bytes, (uint)dictionary.Length), "deflateSetDictionary");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    ~Zlib() => Release();

    /// <summary>Compresses.</summary>
    public static Zlib Compressor(byte[] dictionary) => new(compress: true, dictionary);

    /// <summary>Decompresses.</summary>
    public static Zlib Decompressor(byte[] dictionary) => new(compress: false, dictionary);

    /// <summary>Passes one block through, flushed to a byte boundary. Throws <see cref="InvalidDataException"/> for damaged input or a result above <paramref name="limit"/> bytes.</summary>
    public byte[] Transform(ReadOnlySpan<byte> input, int limit)
    {
        ObjectDisposedException.ThrowIf(_stream is null, this);
        var buffer = new byte[Math.Min(limit + 1, 256 + input.Length * 4)];
        var length = 0;
        fixed (byte* source = input)
        {
            _stream->NextIn = source;
            _stream->AvailableIn = (uint)input.Length;
            while (true)
            {
                if (length == buffer.Length) Array.Resize(ref buffer, Math.Min(limit + 1, buffer.Length * 2));
                int result;
                fixed (byte* target = buffer)
                {
                    _stream->NextOut = target + length;
                    _stream->AvailableOut = (uint)(buffer.Length - length);
                    result = Step();
                    length = buffer.Length - (int)_stream->AvailableOut;
                }
                if (length > limit) throw new InvalidDataException("header block is too large");
                // A full buffer may hide more output; anything else means that the block is through.
                if (_stream->AvailableOut > 0 && _stream->AvailableIn == 0) break;
                if (result == BufferError) throw new InvalidDataException("header block is incomplete");
            }
        }
        return buffer[..length];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private int Step()
    {
        var result = _compress ? deflate(_stream, SyncFlush) : inflate(_stream, SyncFlush);
        if (result == NeedsDictionary)
        {
            fixed (byte* bytes = _dictionary) Check(inflateSetDictionary(_stream, bytes, (uint)_dictionary.Length), "inflateSetDictionary");
            result = inflate(_stream, SyncFlush);
        }
        if (result is not (Ok or BufferError)) Check(result, _compress ? "deflate" : "inflate");
        return result;
    }

    private void Release()
    {
        if (_stream is null) return;
        _ = _compress ? deflateEnd(_stream) : inflateEnd(_stream);
        NativeMemory.Free(_stream);
        _stream = null;
    }

    private static void Check(int result, string call)
    {
        if (result != Ok) throw new InvalidDataException($"zlib: {call} answers {result}");
    }

    // z_stream of zlib.h on a 64-bit Unix, where C's long has 64 bits.
    [StructLayout(LayoutKind.Sequential)]
    private struct NativeStream
    {
        public byte* NextIn;
        public uint AvailableIn;
        public ulong TotalIn;
        public byte* NextOut;
        public uint AvailableOut;
        public ulong TotalOut;
        public byte* Message;
        public void* State;
        public void* Allocate;
        public void* Free;
        public void* Opaque;
        public int DataType;
        public ulong Adler;
        public ulong Reserved;
    }

    [LibraryImport("libz.so.1", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int deflateInit2_(NativeStream* stream, int level, int method, int windowBits, int memoryLevel, int strategy, string version, int size);

    [LibraryImport("libz.so.1", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int inflateInit_(NativeStream* stream, string version, int size);

    [LibraryImport("libz.so.1")]
    private static partial int deflateSetDictionary(NativeStream* stream, byte* dictionary, uint length);

    [LibraryImport("libz.so.1")]
    private static partial int inflateSetDictionary(NativeStream* stream, byte* dictionary, uint length);

    [LibraryImport("libz.so.1")]
    private static partial int deflate(NativeStream* stream, int flush);

    [LibraryImport("libz.so.1")]
    private static partial int inflate(NativeStream* stream, int flush);

    [LibraryImport("libz.so.1")]
    private static partial int deflateEnd(NativeStream* stream);

    [LibraryImport("libz.so.1")]
    private static partial int inflateEnd(NativeStream* stream);
}
