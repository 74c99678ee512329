using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Actors.Certificates;

namespace Orchestrator.Api.Joining;

/// <summary>A new key and the PKCS#10 request for a node's client certificate. The key never leaves this machine.</summary>
public sealed class NodeCertificateRequest : IDisposable
{
    /// <param name="nodeName">The node.</param>
    public NodeCertificateRequest(string nodeName) =>
        Pem = new CertificateRequest(SubjectNames.Build(NodeUser.Of(nodeName), [NodeUser.Group]), Key, HashAlgorithmName.SHA256).CreateSigningRequestPem() + "\n";

    /// <summary>The key.</summary>
    public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>The request.</summary>
    public string Pem { get; }

    /// <inheritdoc/>
    public void Dispose() => Key.Dispose();
}
