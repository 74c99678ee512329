using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Resources.Admission;

namespace Orchestrator.Api.Outbound;

/// <summary>HTTP clients to what the cluster's configuration names: webhooks and aggregated APIs. One per server and authority, so that connections are used again.</summary>
internal sealed class OutboundClients(ServiceConnector services)
{
    private const int Most = 256;

    private readonly ConcurrentDictionary<(string Authority, string CaBundle, bool Insecure, string Client), HttpMessageInvoker> _clients = new();

    /// <summary>
    /// A client for <paramref name="target"/>. <paramref name="certificate"/> is shown to the server where it asks for one, and header values may be <see cref="HeaderLines"/>; <paramref name="insecure"/> takes any certificate of its.
    /// </summary>
    public HttpMessageInvoker For(WebhookClient target, bool insecure = false, X509Certificate2? certificate = null)
    {
        // A bundle that is replaced leaves its client behind, whose idle connections close by themselves; many of them are forgotten.
        if (_clients.Count >= Most) _clients.Clear();
        return _clients.GetOrAdd((target.Url.Authority, target.CaBundle, insecure, certificate?.Thumbprint ?? ""), _ => Create(target, insecure, certificate));
    }

    private HttpMessageInvoker Create(WebhookClient target, bool insecure, X509Certificate2? certificate)
    {
        var tls = new SslClientAuthenticationOptions { TargetHost = target.Url.Host };
        if (certificate is not null) tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        if (insecure) tls.RemoteCertificateValidationCallback = (_, _, _, _) => true; // what insecureSkipTLSVerify asks for
        else if (target.CaBundle.Length > 0) tls.CertificateChainPolicy = Policy(target.CaBundle);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            SslOptions = tls,
            ConnectCallback = async (context, cancel) => target.IsService
                ? await services.ConnectAsync(target.Namespace, target.Service, target.Port, cancel)
                : await DialAsync(context.DnsEndPoint, cancel),
        };
        if (certificate is not null)
        {
            handler.PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new HeaderLines(context.PlaintextStream));
            handler.PooledConnectionLifetime = TimeSpan.Zero; // one request per connection, as the filter wants
        }
        return new HttpMessageInvoker(handler);
    }

    private static async Task<Stream> DialAsync(DnsEndPoint to, CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static X509ChainPolicy Policy(string bundle)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPem(bundle);
        }
        catch (CryptographicException)
        {
            // Trusts nobody: the call fails with what is wrong with the certificate.
        }
        return policy;
    }
}
