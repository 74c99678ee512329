using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Engine.Remote;

namespace Orchestrator.Tests.Engine.Remote;

/// <summary>An authority of a test with certificates for loopback.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly X509Certificate2 _authority;

    public TestCertificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _authority = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddHours(1));
        Server = Issue("server", "1.3.6.1.5.5.7.3.1");
    }

    public X509Certificate2 Server { get; }

    public X509Certificate2 Client(string name) => Issue(name, "1.3.6.1.5.5.7.3.2");

    public TlsTransport Transport(string name, bool listens = true, TestCertificates? trusting = null)
    {
        var client = Client(name);
        return new TlsTransport(new TlsTransportSettings
        {
            Listen = listens ? new IPEndPoint(IPAddress.Loopback, 0) : null,
            PublicHost = listens ? "" : name,
            ServerCertificate = () => Server,
            ClientCertificate = () => client,
            Authorities = [(trusting ?? this)._authority],
        });
    }

    public void Dispose() => _authority.Dispose();

    private X509Certificate2 Issue(string name, string usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(_authority, _authority.NotBefore, _authority.NotAfter, RandomNumberGenerator.GetBytes(16));
        using var withKey = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }
}
