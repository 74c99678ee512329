using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orchestrator.Actors.Certificates;

/// <summary>What a PKCS#10 request asks for, its signature verified: whoever sent it has the key.</summary>
/// <param name="User">Common name.</param>
/// <param name="Groups">Organisations, in order.</param>
/// <param name="Key">The key to certify.</param>
public sealed record RequestedCertificate(string User, IReadOnlyList<string> Groups, PublicKey Key)
{
    private const string AlternativeNames = "2.5.29.17";

    /// <summary>DNS names.</summary>
    public IReadOnlyList<string> DnsNames { get; private init; } = [];

    /// <summary>Addresses.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; private init; } = [];

    /// <summary>E-mail addresses.</summary>
    public IReadOnlyList<string> Emails { get; private init; } = [];

    /// <summary>URIs.</summary>
    public IReadOnlyList<string> Uris { get; private init; } = [];

    /// <summary>Reads PEM. Throws <see cref="FormatException"/> for what is no request, or is not signed with its own key.</summary>
    public static RequestedCertificate Parse(string pem)
    {
        try
        {
            var request = CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions, RSASignaturePadding.Pkcs1);
            var (user, groups) = SubjectNames.Read(request.SubjectName);
            var names = request.CertificateExtensions.Where(e => e.Oid?.Value == AlternativeNames).ToList();
            var parsed = new RequestedCertificate(user, groups, request.PublicKey);
            return names.Count == 0 ? parsed : parsed.With(names[0].RawData);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or AsnContentException)
        {
            throw new FormatException($"not a certificate request in PEM: {e.Message}", e);
        }
    }

    private RequestedCertificate With(byte[] names)
    {
        List<string> dns = [], emails = [], uris = [];
        List<IPAddress> addresses = [];
        var reader = new AsnReader(names, AsnEncodingRules.DER).ReadSequence();
        while (reader.HasData)
        {
            var tag = reader.PeekTag();
            switch (tag.TagValue)
            {
                case 1: emails.Add(reader.ReadCharacterString(UniversalTagNumber.IA5String, tag)); break;
                case 2: dns.Add(reader.ReadCharacterString(UniversalTagNumber.IA5String, tag)); break;
                case 6: uris.Add(reader.ReadCharacterString(UniversalTagNumber.IA5String, tag)); break;
                case 7: addresses.Add(new IPAddress(reader.ReadOctetString(tag))); break;
                default: reader.ReadEncodedValue(); break;
            }
        }
        return this with { DnsNames = dns, Addresses = addresses, Emails = emails, Uris = uris };
    }
}
