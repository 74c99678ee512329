using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.Joining;

/// <summary>
/// What every control-plane member has to have of its cluster: the authority's key, the key of service-account tokens, the key of Secrets at rest, and the cluster's id.
/// </summary>
/// <remarks>
/// A machine that joins gets them through the cluster, but the cluster never has them in the clear: 'token create --server' seals them, on a member, with a key that it prints and that is
/// kept nowhere (as kubeadm's <c>upload-certs</c> does it), and puts what it has sealed into the bootstrap token's Secret. The one who joins shows the token to get it, over a connection
/// verified by the authority's hash, and opens it with the key. Who reads Secrets, backups or the wire has nothing; and it goes with the token.
/// </remarks>
internal sealed record ServerKeys(string ClusterId, IReadOnlyDictionary<string, byte[]> Files)
{
    /// <summary>Where the API hands out what is sealed in the token that the request shows.</summary>
    public const string Path = "/orchestrator/v1/server-keys";

    /// <summary>Its field of the token's Secret.</summary>
    public const string DataName = "server-keys";

    private const int KeyLength = 32;

    private static readonly string[] Names = ["ca.crt", "front-proxy-ca.crt", "front-proxy-ca.key", "ca.key", "service-account.key", "encryption.key"];

    /// <summary>Reads a member's directory of keys. Throws <see cref="IOException"/> where one is missing.</summary>
    public static ServerKeys Read(string pki, string clusterId) => new(clusterId, Names.ToDictionary(n => n, n => File.ReadAllBytes(System.IO.Path.Combine(pki, n)), StringComparer.Ordinal));

    /// <summary>Writes them as <see cref="ClusterPki"/> expects them; the certificate last, because a key without it is made anew and a certificate without its key is an error.</summary>
    public void Write(string pki)
    {
        PrivateFile.EnsureDirectory(pki);
        foreach (var name in Names.Reverse()) PrivateFile.Write(System.IO.Path.Combine(pki, name), Files[name]);
    }

    /// <summary>Encrypts them under a random key, which is returned as text; only for the token of this id.</summary>
    public (byte[] Sealed, string Key) Seal(string tokenId)
    {
        var content = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["clusterId"] = ClusterId,
            ["files"] = new JsonObject(Files.Select(f => KeyValuePair.Create(f.Key, (JsonNode?)Convert.ToBase64String(f.Value)))),
        }.ToJsonString());
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        var nonce = RandomNumberGenerator.GetBytes(AesGcm.NonceByteSizes.MaxSize);
        var (cipher, tag) = (new byte[content.Length], new byte[AesGcm.TagByteSizes.MaxSize]);
        using (var aes = new AesGcm(key, tag.Length)) aes.Encrypt(nonce, content, cipher, tag, Purpose(tokenId));
        CryptographicOperations.ZeroMemory(content);
        return ([.. nonce, .. tag, .. cipher], Base64Url.EncodeToString(key));
    }

    /// <summary>Opens what <see cref="Seal"/> has made. Throws <see cref="JoinRefusedException"/> for another key, another token's, and what is damaged.</summary>
    public static ServerKeys Open(ReadOnlySpan<byte> sealedKeys, string key, string tokenId)
    {
        var (nonce, tag) = (AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize);
        if (!Base64Url.IsValid(key, out var length) || length != KeyLength || sealedKeys.Length < nonce + tag) throw new JoinRefusedException("--server-key is not a key that 'orchestrator token create --server' has printed.");
        var content = new byte[sealedKeys.Length - nonce - tag];
        try
        {
            using (var aes = new AesGcm(Base64Url.DecodeFromChars(key), tag)) aes.Decrypt(sealedKeys[..nonce], sealedKeys[(nonce + tag)..], sealedKeys[nonce..(nonce + tag)], content, Purpose(tokenId));
            var json = JsonNode.Parse(content)!.AsObject();
            var files = json["files"]!.AsObject();
            return new ServerKeys((string)json["clusterId"]!, Names.ToDictionary(n => n, n => Convert.FromBase64String((string)files[n]!), StringComparer.Ordinal));
        }
        catch (Exception e) when (e is CryptographicException or JsonException)
        {
            throw new JoinRefusedException("--server-key does not open the keys that the cluster keeps for this token: they belong together, as 'orchestrator token create --server' has printed them.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static byte[] Purpose(string tokenId) => Encoding.UTF8.GetBytes($"orchestrator server-keys v1 {tokenId}");
}
