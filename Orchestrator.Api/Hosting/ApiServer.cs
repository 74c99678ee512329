using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Aggregation;
using Orchestrator.Api.Conversion;
using Orchestrator.Api.Outbound;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Persistence.Sql;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Api.Hosting;

/// <summary>The HTTPS server of one member: Kestrel, one request delegate, no middleware.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    private static readonly TimeSpan ShutdownDeadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HandshakeDeadline = TimeSpan.FromSeconds(10);

    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping;

    private readonly ApiServices _services;
    private readonly TokenSecrets _tokenSecrets;

    private ApiServer(WebApplication app, ApiServices services, TokenSecrets tokenSecrets, CancellationTokenSource stopping, Uri address) =>
        (_app, _services, _tokenSecrets, _stopping, Address) = (app, services, tokenSecrets, stopping, address);

    /// <summary>Where this machine reaches the server.</summary>
    public Uri Address { get; }

    /// <summary>Listens and serves; returns once connections are accepted. Throws <see cref="IOException"/> where the port is taken.</summary>
    public static async Task<ApiServer> StartAsync(ApiServerOptions options, CancellationToken cancel = default)
    {
        var stopping = new CancellationTokenSource();
        var cache = options.Plane.Services.Cache;
        var connector = new ServiceConnector(cache, options.Plane.Streams);
        var clients = new OutboundClients(connector);
        var roles = new CachedRbacPolicy(cache);
        IAuthorizer authorizer = new NodeAuthorizer(new RbacAuthorizer(roles.Current), cache);
        var caller = new WebhookCaller(clients, options.Time);
        options.Plane.Services.Converter = new WebhookConverter(caller);
        options.Plane.Services.Admission = new DynamicAdmission(options.Plane.Services, authorizer, roles.Current, caller, options.Logging);
        var services = new ApiServices
        {
            Catalog = options.Plane.Services.Catalog,
            Cache = cache,
            SharedJournal = options.JournalIsShared ? options.Journal : null,
            Client = options.Plane.Client,
            Streams = options.Plane.Streams,
            Authenticator = new Authenticator(options.Pki.Authority, options.Tokens, key => cache.Get(key)?.Uid,
                id => cache.Get(BootstrapToken.KeyOf(id)) is { } secret ? BootstrapToken.From(secret.Read<Secret>()) : null, options.Time),
            Authorizer = authorizer,
            Join = options.Join,
            Tokens = options.Tokens,
            Backup = options.Journal is SqlJournal journal ? journal.BackupAsync : null,
            Time = options.Time,
            Logging = options.Logging,
            Stopping = stopping.Token,
            MemberProblem = options.MemberProblem,
            Aggregation = new AggregationLayer(cache, connector, clients, options.Pki, options.Plane.Client, options.Time, options.Logging, stopping.Token),
        };
        await options.Plane.KeepAsync("extension-apiserver-authentication", new AuthenticationConfiguration(options.Plane.Client, options.Pki).PublishAsync, cancel);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(new HostLogging(options.Logging));
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownDeadline);
        builder.Services.AddSingleton<IHostLifetime, CallerLifetime>();
        var app = builder.Build();
        var address = new Uri($"https://127.0.0.1:{options.Port}");
        var gateway = new Gateway(services, () => address.Authority);
        app.Run(gateway.HandleAsync);
        await app.StartAsync(cancel);
        if (options.Port == 0)
        {
            var bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            address = new Uri($"https://127.0.0.1:{new Uri(bound).Port}");
        }
        return new ApiServer(app, services, new TokenSecrets(options.Plane.Client, options.Tokens, options.Logging.CreateLogger<TokenSecrets>()), stopping, address);
    }

    /// <summary>Ends watches and streams, lets running requests finish for a few seconds, stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_services.Aggregation is { } aggregation) await aggregation.DisposeAsync();
        await _tokenSecrets.DisposeAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private static void Configure(KestrelServerOptions kestrel, ApiServerOptions options)
    {
        kestrel.AddServerHeader = false;
        // Bodies are limited where they are read, so that the refusal is a Status.
        kestrel.Limits.MaxRequestBodySize = null;
        // Every watch of a client is a stream of its one connection.
        kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 1024 * 1024;
        kestrel.Limits.Http2.InitialStreamWindowSize = 768 * 1024;
        // Watches and followed logs may be silent for as long as they like.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);
        kestrel.Listen(options.Address, options.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = options.Pki.Serving,
                SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                HandshakeTimeout = HandshakeDeadline,
                // Certificates are judged with the request: a bad one is a 401, not a broken connection.
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (_, _, _) => true,
            });
        });
    }

    // The process belongs to whoever started the server: no signal handlers, no console messages.
    private sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
