using System.Security.Cryptography.X509Certificates;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.LocalCluster;

/// <summary>Asks members whether they are ready, over TLS that only the cluster's authority vouches for.</summary>
internal sealed class ReadyProbe(X509Certificate2 authority) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        SslOptions = ClusterTls.Trusting(authority),
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
