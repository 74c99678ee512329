using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Orchestrator.Api.Security;

/// <summary>Writes kubeconfig files with embedded certificates.</summary>
public static class Kubeconfig
{
    /// <summary>Writes <paramref name="path"/> (mode 0600) for one user with a client certificate; context, cluster and user share the cluster's name.</summary>
    public static void Write(string path, Uri server, string clusterName, CertificateAuthority authority, X509Certificate2 client) =>
        PrivateFile.Write(path, Render(server, clusterName, authority, client));

    /// <summary>The file's text.</summary>
    public static string Render(Uri server, string clusterName, CertificateAuthority authority, X509Certificate2 client)
    {
        using var key = client.GetECDsaPrivateKey() ?? throw new ArgumentException("the client certificate has no ECDSA key", nameof(client));
        return $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: {clusterName}
              cluster:
                server: {server.GetLeftPart(UriPartial.Authority)}
                certificate-authority-data: {Base64(authority.CertificatePem)}
            users:
            - name: {clusterName}
              user:
                client-certificate-data: {Base64(client.ExportCertificatePem() + "\n")}
                client-key-data: {Base64(key.ExportPkcs8PrivateKeyPem() + "\n")}
            contexts:
            - name: {clusterName}
              context:
                cluster: {clusterName}
                user: {clusterName}
            current-context: {clusterName}

            """;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
