using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Orchestrator.Api.Security;

/// <summary>How a client of the cluster does TLS.</summary>
internal static class ClusterTls
{
    /// <summary>Trusts what the cluster's authority vouches for and nothing else; shows the client certificate, where there is one.</summary>
    public static SslClientAuthenticationOptions Trusting(X509Certificate2 authority, X509Certificate2? client = null)
    {
        var options = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
        };
        if (client is not null) options.ClientCertificates = [client];
        return options;
    }
}
