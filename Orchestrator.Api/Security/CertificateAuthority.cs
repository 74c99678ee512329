using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orchestrator.Api.Security;

/// <summary>
/// The cluster's certificate authority: an ECDSA P-256 key and its self-signed certificate. Issues serving and client certificates;
/// in client certificates the common name is the user and each organisation is a group, as Kubernetes reads them.
/// </summary>
public sealed class CertificateAuthority(X509Certificate2 certificate, TimeProvider time) : IDisposable
{
    /// <summary>How long the authority itself is valid.</summary>
    public static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3650);

    /// <summary>How long an issued certificate is valid.</summary>
    public static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(365);

    // Clocks of clients run behind ours now and then.
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

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

    /// <summary>Issues a serving certificate for DNS names and addresses (each entry is one or the other).</summary>
    public X509Certificate2 IssueServing(string commonName, IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
            else names.AddDnsName(host);
        }
        return Issue(new X500DistinguishedNameBuilder().With(commonName, []), ServerAuthentication, names);
    }

    /// <summary>Issues a client certificate for a user in groups.</summary>
    public X509Certificate2 IssueClient(string user, params IReadOnlyList<string> groups) =>
        Issue(new X500DistinguishedNameBuilder().With(user, groups), ClientAuthentication, names: null);

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

    private X509Certificate2 Issue(X500DistinguishedNameBuilder subject, string usage, SubjectAlternativeNameBuilder? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (names is not null) request.CertificateExtensions.Add(names.Build());
        var now = time.GetUtcNow();
        var until = now + LeafLifetime;
        if (until > Certificate.NotAfter) until = Certificate.NotAfter;
        using var issued = request.Create(Certificate, now - Backdate, until, RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(key);
    }
}

/// <summary>Builds the subject of a Kubernetes client certificate.</summary>
internal static class SubjectNames
{
    private const string CommonNameOid = "2.5.4.3";
    private const string OrganizationOid = "2.5.4.10";

    /// <summary>Adds organisations and the common name.</summary>
    public static X500DistinguishedNameBuilder With(this X500DistinguishedNameBuilder builder, string commonName, IReadOnlyList<string> organizations)
    {
        foreach (var organization in organizations) builder.AddOrganizationName(organization);
        builder.AddCommonName(commonName);
        return builder;
    }

    /// <summary>Reads user (common name) and groups (organisations) of a subject back.</summary>
    public static (string User, IReadOnlyList<string> Groups) Read(X500DistinguishedName subject)
    {
        var user = "";
        var groups = new List<string>();
        foreach (var part in subject.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements) continue;
            var value = part.GetSingleElementValue() ?? "";
            switch (part.GetSingleElementType().Value)
            {
                case CommonNameOid: user = value; break;
                case OrganizationOid: groups.Add(value); break;
            }
        }
        return (user, groups);
    }
}
