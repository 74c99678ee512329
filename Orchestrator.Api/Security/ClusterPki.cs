using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orchestrator.Api.Security;

/// <summary>
/// The cluster's keys and certificates as files of one directory, made at the first start and renewed when they come close to their end:
/// <c>ca.crt/key</c>, <c>serving.crt/key</c>, <c>admin.crt/key</c>, <c>front-proxy-ca.crt/key</c>, <c>front-proxy-client.crt/key</c>, <c>service-account.key</c> (ECDSA P-256) and
/// <c>encryption.key</c> (32 random bytes).
/// Every file has mode 0600. Losing the directory means a new cluster identity; it is never regenerated silently over a damaged one.
/// </summary>
public sealed class ClusterPki : IDisposable
{
    /// <summary>A leaf with less than this left is issued anew at the next start.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(60);

    private ClusterPki(CertificateAuthority authority, CertificateAuthority frontProxy, X509Certificate2 frontProxyClient, X509Certificate2 serving, X509Certificate2 admin, ECDsa serviceAccountKey, byte[] encryptionKey)
    {
        Authority = authority;
        FrontProxy = frontProxy;
        FrontProxyClient = frontProxyClient;
        Serving = serving;
        Admin = admin;
        ServiceAccountKey = serviceAccountKey;
        EncryptionKey = encryptionKey;
    }

    /// <summary>The cluster's authority.</summary>
    public CertificateAuthority Authority { get; }

    /// <summary>Signs nothing but <see cref="FrontProxyClient"/>: whoever it vouches for may speak for any user, so it is an authority of its own.</summary>
    public CertificateAuthority FrontProxy { get; }

    /// <summary>What this server shows aggregated API servers, <c>front-proxy-client</c>.</summary>
    public X509Certificate2 FrontProxyClient { get; }

    /// <summary>What the API server shows its clients.</summary>
    public X509Certificate2 Serving { get; }

    /// <summary>User <c>kubernetes-admin</c> in group <c>system:masters</c>.</summary>
    public X509Certificate2 Admin { get; }

    /// <summary>Signs service-account tokens.</summary>
    public ECDsa ServiceAccountKey { get; }

    /// <summary>AES-256 key for secrets at rest.</summary>
    public byte[] EncryptionKey { get; }

    /// <summary>
    /// Reads the directory, making what is missing. <paramref name="hosts"/> are the names and addresses the serving certificate must cover, beyond
    /// <see cref="StandardHosts"/>. Throws <see cref="InvalidDataException"/> naming the file where one cannot be read.
    /// </summary>
    public static ClusterPki LoadOrCreate(string directory, IEnumerable<string> hosts, TimeProvider time)
    {
        PrivateFile.EnsureDirectory(directory);
        var authority = LoadAuthority(Path.Combine(directory, "ca"), "orchestrator-ca", time);
        var frontProxy = LoadAuthority(Path.Combine(directory, "front-proxy-ca"), "front-proxy-ca", time);

        var wanted = StandardHosts().Concat(hosts).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var serving = Leaf(Path.Combine(directory, "serving"), authority, time, c => Covers(c, wanted), () => authority.IssueServing("orchestrator-apiserver", wanted));
        var admin = Leaf(Path.Combine(directory, "admin"), authority, time, _ => true, () => authority.IssueClient("kubernetes-admin", "system:masters"));
        var client = Leaf(Path.Combine(directory, "front-proxy-client"), frontProxy, time, _ => true, () => frontProxy.IssueClient("front-proxy-client"));
        return new ClusterPki(authority, frontProxy, client, serving, admin, SigningKey(Path.Combine(directory, "service-account.key")), Secret(Path.Combine(directory, "encryption.key")));
    }

    /// <summary>Names by which the API server is known on its machine and inside the cluster.</summary>
    public static IEnumerable<string> StandardHosts() =>
        ["localhost", "127.0.0.1", "::1", Environment.MachineName.ToLowerInvariant(), "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];

    /// <inheritdoc/>
    public void Dispose()
    {
        Authority.Dispose();
        FrontProxy.Dispose();
        FrontProxyClient.Dispose();
        Serving.Dispose();
        Admin.Dispose();
        ServiceAccountKey.Dispose();
    }

    private static CertificateAuthority LoadAuthority(string path, string name, TimeProvider time)
    {
        if (File.Exists(path + ".crt")) return new CertificateAuthority(Load(path), time);
        var made = CertificateAuthority.Create(name, time);
        Save(path, made.Certificate);
        return made;
    }

    private static X509Certificate2 Leaf(string path, CertificateAuthority authority, TimeProvider time, Func<X509Certificate2, bool> fits, Func<X509Certificate2> issue)
    {
        if (File.Exists(path + ".crt"))
        {
            var present = Load(path);
            if (present.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime > RenewBefore && present.IssuerName.RawData.AsSpan().SequenceEqual(authority.Certificate.SubjectName.RawData) && fits(present))
                return present;
            present.Dispose();
        }
        var issued = issue();
        Save(path, issued);
        return issued;
    }

    private static bool Covers(X509Certificate2 certificate, IEnumerable<string> hosts) => hosts.All(h => certificate.MatchesHostname(h, allowWildcards: false, allowCommonName: false));

    private static X509Certificate2 Load(string path)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(path + ".crt", path + ".key");
        }
        catch (Exception e) when (e is CryptographicException or IOException)
        {
            throw new InvalidDataException($"{path}.crt and {path}.key are not a usable certificate and key ({e.Message}); restore them from a backup, or remove both to have them made anew", e);
        }
    }

    // The key is written first: a certificate without its key would stop the next start.
    private static void Save(string path, X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey() ?? throw new InvalidOperationException("the certificate has no ECDSA key");
        PrivateFile.Write(path + ".key", key.ExportPkcs8PrivateKeyPem() + "\n");
        PrivateFile.Write(path + ".crt", certificate.ExportCertificatePem() + "\n");
    }

    private static ECDsa SigningKey(string path)
    {
        if (!File.Exists(path))
        {
            using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            PrivateFile.Write(path, fresh.ExportPkcs8PrivateKeyPem() + "\n");
        }
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            return key;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new InvalidDataException($"{path} is not a PEM key; restore it from a backup, or remove it to have it made anew (every service-account token becomes invalid)", e);
        }
    }

    private static byte[] Secret(string path)
    {
        if (!File.Exists(path)) PrivateFile.Write(path, RandomNumberGenerator.GetBytes(32));
        var key = File.ReadAllBytes(path);
        return key.Length == 32 ? key : throw new InvalidDataException($"{path} must hold 32 bytes but holds {key.Length}; restore it from a backup: without it stored secrets cannot be read");
    }
}
