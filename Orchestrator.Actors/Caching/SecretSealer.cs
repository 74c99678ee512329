using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Actors.Caching;

/// <summary>
/// Encrypts the payloads of confidential resources at rest with AES-256-GCM (DESIGN §7). A sealed payload is: the byte 0x01, the key's 4-byte
/// id, a 12-byte nonce, a 16-byte tag, the ciphertext; the persistence id is authenticated with it, so that a payload cannot be moved to another object.
/// Plain payloads start with '{' and are read as they are, so that encryption can be introduced and rotated at any time.
/// </summary>
public sealed class SecretSealer
{
    private const byte Version = 1;
    private const int Header = 1 + 4 + 12 + 16;

    private readonly IReadOnlyList<byte[]> _keys;
    private readonly IReadOnlySet<string> _resources;

    /// <param name="keys">32-byte keys, the newest first: it seals; all of them open. None: nothing is sealed.</param>
    /// <param name="resources">The resources to seal.</param>
    public SecretSealer(IReadOnlyList<byte[]> keys, IReadOnlySet<string>? resources = null)
    {
        if (keys.Any(k => k.Length != 32)) throw new ArgumentException("an encryption key has 32 bytes", nameof(keys));
        _keys = keys;
        _resources = resources ?? new HashSet<string> { "secrets" };
    }

    /// <summary>A sealer that leaves everything readable: for tests.</summary>
    public static SecretSealer None { get; } = new([]);

    /// <summary>The payload to store.</summary>
    public ReadOnlyMemory<byte> Seal(string resource, string persistenceId, ReadOnlyMemory<byte> plain)
    {
        if (_keys.Count == 0 || !_resources.Contains(resource)) return plain;
        var payload = new byte[Header + plain.Length];
        payload[0] = Version;
        KeyId(_keys[0]).CopyTo(payload.AsSpan(1));
        RandomNumberGenerator.Fill(payload.AsSpan(5, 12));
        using var aes = new AesGcm(_keys[0], 16);
        aes.Encrypt(payload.AsSpan(5, 12), plain.Span, payload.AsSpan(Header), payload.AsSpan(17, 16), Encoding.UTF8.GetBytes(persistenceId));
        return payload;
    }

    /// <summary>The stored payload in the clear. Throws <see cref="CryptographicException"/> where no key opens it or it was tampered with.</summary>
    public ReadOnlyMemory<byte> Open(string resource, string persistenceId, ReadOnlyMemory<byte> payload)
    {
        var bytes = payload.Span;
        if (bytes.Length == 0 || bytes[0] == (byte)'{') return payload;
        if (bytes[0] != Version || bytes.Length < Header) throw new CryptographicException($"{persistenceId}: unknown payload format");
        foreach (var key in _keys)
        {
            if (!bytes.Slice(1, 4).SequenceEqual(KeyId(key))) continue;
            var plain = new byte[bytes.Length - Header];
            using var aes = new AesGcm(key, 16);
            aes.Decrypt(bytes.Slice(5, 12), bytes[Header..], bytes.Slice(17, 16), plain, Encoding.UTF8.GetBytes(persistenceId));
            return plain;
        }
        throw new CryptographicException($"{persistenceId}: no encryption key opens this {resource} object");
    }

    private static ReadOnlySpan<byte> KeyId(byte[] key) => SHA256.HashData(key).AsSpan(0, 4);
}
