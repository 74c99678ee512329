using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

/// <summary>TCP with TLS 1.2 or later and certificates on both sides: Kestrel's connections where we listen, a socket where we dial.</summary>
public sealed class TlsTransport(TlsTransportSettings settings) : IRemoteTransport
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const int ReadBuffer = 64 * 1024;
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    private WebApplication? _listener;

    /// <inheritdoc/>
    public async ValueTask<Address> StartAsync(string system, Func<ITransportConnection, Task> accept, CancellationToken cancel)
    {
        if (settings.Listen is not { } endpoint)
            return Address.Remote(system, settings.PublicHost, null);
        var certificate = settings.ServerCertificate ?? throw new ArgumentException("A system that listens needs a server certificate.");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(settings.Logging);
        builder.Services.AddSingleton<IHostLifetime, CallerLifetime>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            // A frame may be larger than Kestrel would buffer; reading it is our own concern.
            kestrel.Limits.MaxRequestBufferSize = null;
            kestrel.Limits.MaxResponseBufferSize = 1024 * 1024;
            kestrel.Listen(endpoint, listen =>
            {
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificateSelector = (_, _) => certificate(),
                    ClientCertificateMode = ClientCertificateMode.RequireCertificate,
                    ClientCertificateValidation = (peer, _, _) => Distrust(peer, ClientAuthentication) is null,
                    SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    HandshakeTimeout = HandshakeTimeout,
                });
                ((IConnectionBuilder)listen).Run(async connection =>
                {
                    await using var accepted = new AcceptedConnection(connection);
                    await accept(accepted).ConfigureAwait(false);
                });
            });
        });
        var listener = builder.Build();
        _listener = listener;
        await listener.StartAsync(cancel).ConfigureAwait(false);
        var bound = new Uri(listener.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return Address.Remote(system, settings.PublicHost.Length > 0 ? settings.PublicHost : endpoint.Address.ToString(), bound.Port);
    }

    /// <inheritdoc/>
    public async ValueTask<ITransportConnection> DialAsync(Address remote, CancellationToken cancel)
    {
        var host = remote.Host!.Trim('[', ']');
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? tls = null;
        string? distrust = null;
        try
        {
            EndPoint endpoint = IPAddress.TryParse(host, out var ip) ? new IPEndPoint(ip, remote.Port!.Value) : new DnsEndPoint(host, remote.Port!.Value);
            await socket.ConnectAsync(endpoint, cancel).ConfigureAwait(false);
            tls = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    ClientCertificates = [settings.ClientCertificate()],
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, peer, _, errors) =>
                        (distrust = peer is not X509Certificate2 certificate ? "there is none"
                            : settings.VerifyHost && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? $"it is not for {host}"
                            : Distrust(certificate, ServerAuthentication)) is null,
                },
                cancel).ConfigureAwait(false);
            return new DialledConnection(tls);
        }
        catch (AuthenticationException refused) when (distrust is not null)
        {
            await tls!.DisposeAsync().ConfigureAwait(false);
            throw new AuthenticationException($"the certificate of {remote} is not accepted: {distrust}", refused);
        }
        catch
        {
            if (tls is not null)
                await tls.DisposeAsync().ConfigureAwait(false);
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_listener is not { } listener)
            return;
        _listener = null;
        await listener.StopAsync().ConfigureAwait(false);
        await listener.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Why a certificate is not accepted; null where it is.</summary>
    private string? Distrust(X509Certificate2 peer, string usage)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(settings.Authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usage));
        chain.ChainPolicy.VerificationTime = settings.Time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        return chain.Build(peer) ? null : string.Join(" ", chain.ChainStatus.Select(status => status.StatusInformation.Trim()));
    }

    private sealed class AcceptedConnection(ConnectionContext connection) : ITransportConnection
    {
        public PipeReader Input => connection.Transport.Input;

        public PipeWriter Output => connection.Transport.Output;

        public X509Certificate2? PeerCertificate => connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;

        public void Abort() => connection.Abort();

        public async ValueTask DisposeAsync()
        {
            await connection.Transport.Output.CompleteAsync().ConfigureAwait(false);
            await connection.Transport.Input.CompleteAsync().ConfigureAwait(false);
        }
    }

    private sealed class DialledConnection(SslStream tls) : ITransportConnection
    {
        public PipeReader Input { get; } = PipeReader.Create(tls, new StreamPipeReaderOptions(bufferSize: ReadBuffer, minimumReadSize: 4096, leaveOpen: true));

        public PipeWriter Output { get; } = PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true));

        public X509Certificate2? PeerCertificate => tls.RemoteCertificate as X509Certificate2;

        public void Abort() => tls.Close();

        public async ValueTask DisposeAsync()
        {
            try
            {
                await tls.ShutdownAsync().ConfigureAwait(false);
            }
            catch (Exception gone) when (gone is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // There is nobody left to be told that nothing follows.
            }

            await tls.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The listener's life is its owner's concern, not that of the terminal.</summary>
    private sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
