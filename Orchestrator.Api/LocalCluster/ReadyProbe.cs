using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Orchestrator.Api.LocalCluster;

/// <summary>Asks members whether they are ready, over TLS that only the cluster's authority vouches for.</summary>
internal sealed class ReadyProbe(X509Certificate2 authority) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
        },
        ConnectTimeout = Patience,
    })
    { Timeout = Patience };

    /// <summary>Whether <c>/readyz</c> says so, within a second.</summary>
    public async Task<bool> IsReadyAsync(Uri member, CancellationToken cancel)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(member, "/readyz"), cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
