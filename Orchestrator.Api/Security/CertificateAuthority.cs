using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Actors.Certificates;

namespace Orchestrator.Api.Security;

/// <summary>
/// The cluster's certificate authority: an ECDSA P-256 key and its self-signed certificate. Issues serving and client certificates;
/// in client certificates the common name is the user and each organisation is a group, as Kubernetes reads them.
/// </summary>
public sealed class CertificateAuthority(X509Certificate2 certificate, TimeProvider time) : ICertificateSigner, IDisposable
{
    /// <summary>How long the authority itself is valid.</summary>
    public static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3650);

    /// <summary>How long an issued certificate is valid.</summary>
    public static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(365);

    // Clocks of clients run behind ours now and then.
    private static readonly TimeSpan Backdate = TimeSpan.FromHours(1);

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The authority's certificate, private key included.</summary>
    public X509Certificate2 Certificate { get; } = certificate;

    /// <summary>The certificate alone, in PEM: what a client trusts.</summary>
    public string CertificatePem => Certificate.ExportCertificatePem() + "\n";

    /// <summary>Makes a new authority.</summary>
    public static CertificateAuthority Create(string commonName, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        return new CertificateAuthority(request.CreateSelfSigned(now - Backdate, now + AuthorityLifetime), time);
    }

    /// <summary><c>sha256:…</c> of the authority's public key info, as kubeadm's <c>--discovery-token-ca-cert-hash</c>.</summary>
    public string PublicKeyHash => HashOf(Certificate);

    /// <summary><see cref="PublicKeyHash"/> of any authority's certificate.</summary>
    public static string HashOf(X509Certificate2 authority) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(authority.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>Issues a serving certificate for DNS names and addresses (each entry is one or the other).</summary>
    public X509Certificate2 IssueServing(string commonName, IEnumerable<string> hosts) =>
        Issue(SubjectNames.Build(commonName, []), [ServerAuthentication], NamesOf(hosts));

    /// <summary>Issues what a control-plane member shows to members and agents, whichever side dials.</summary>
    public X509Certificate2 IssueMember(string user, string group, IEnumerable<string> hosts) =>
        Issue(SubjectNames.Build(user, [group]), [ServerAuthentication, ClientAuthentication], NamesOf(hosts));

    /// <summary>Issues a client certificate for a user in groups.</summary>
    public X509Certificate2 IssueClient(string user, params IReadOnlyList<string> groups) =>
        Issue(SubjectNames.Build(user, groups), [ClientAuthentication], names: null);

    /// <inheritdoc/>
    public string Sign(RequestedCertificate requested, IReadOnlyCollection<string> usages, TimeSpan? lifetime)
    {
        string[] purposes = [.. usages.Contains("client auth") ? [ClientAuthentication] : Array.Empty<string>(), .. usages.Contains("server auth") ? [ServerAuthentication] : Array.Empty<string>()];
        var hosts = requested.DnsNames.Concat(requested.Addresses.Select(a => a.ToString())).ToList();
        var limited = lifetime is { } wanted && wanted < LeafLifetime ? wanted : LeafLifetime;
        using var issued = Sign(SubjectNames.Build(requested.User, requested.Groups), requested.Key, purposes, hosts.Count == 0 ? null : NamesOf(hosts), limited);
        return issued.ExportCertificatePem() + "\n";
    }

    /// <summary>Whether this authority issued the certificate for client authentication, and it is valid now.</summary>
    public bool IsValidClient(X509Certificate2 client)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        return chain.Build(client);
    }

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();

    private static SubjectAlternativeNameBuilder NamesOf(IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
            else names.AddDnsName(host);
        }
        return names;
    }

    private X509Certificate2 Issue(X500DistinguishedName subject, IEnumerable<string> usages, SubjectAlternativeNameBuilder? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issued = Sign(subject, new PublicKey(key), usages, names, LeafLifetime);
        return issued.CopyWithPrivateKey(key);
    }

    private X509Certificate2 Sign(X500DistinguishedName subject, PublicKey key, IEnumerable<string> usages, SubjectAlternativeNameBuilder? names, TimeSpan lifetime)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(u => new Oid(u))], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (names is not null) request.CertificateExtensions.Add(names.Build());
        var now = time.GetUtcNow();
        var until = now + lifetime;
        if (until > Certificate.NotAfter) until = Certificate.NotAfter;
        // A member whose clock is behind that of the one which made the authority signs, too, from the cluster's first moment on.
        var from = now - Backdate;
        if (from < Certificate.NotBefore) from = Certificate.NotBefore;
        // The requested key may be of another kind than the authority's.
        using var signing = Certificate.GetECDsaPrivateKey() ?? throw new CryptographicException("the authority's key is no ECDSA key");
        return request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(signing), from, until, RandomNumberGenerator.GetBytes(16));
    }
}
