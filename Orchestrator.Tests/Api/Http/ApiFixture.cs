using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Actors;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Orchestrator.Protocol.Nodes;
using Shouldly;

namespace Orchestrator.Tests.Api.Http;

/// <summary>A real API server on a free loopback port: real actors and cache over a journal in memory, no nodes.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"orchestrator-api-{Guid.NewGuid():N}");
    private readonly MemoryJournal _journal = new();
    private ActorSystem _system = null!;
    private ApiServer _server = null!;

    /// <summary>Where the server logs; nowhere where not said.</summary>
    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;

    public ActorSystem System => _system;

    public ClusterPki Pki { get; private set; } = null!;

    public ControlPlane Plane { get; private set; } = null!;

    public ServiceAccountTokens Tokens { get; private set; } = null!;

    public HttpClient Admin { get; private set; } = null!;

    public IJournal Journal => _journal;

    public Uri Address => _server.Address;

    public async Task InitializeAsync()
    {
        Pki = ClusterPki.LoadOrCreate(Path.Combine(_directory, "pki"), [], TimeProvider.System);
        Tokens = new ServiceAccountTokens(Pki.ServiceAccountKey, TimeProvider.System);
        _system = ActorSystem.Create("api-tests", new ActorSystemSetup { TimeProvider = TimeProvider.System, LoggerFactory = Logging });
        Plane = await ControlPlane.StartAsync(_system, _journal, new ControlPlaneOptions { CaCertificate = Pki.Authority.CertificatePem }, SecretSealer.None, _ => new PodToken("", default), 6443);
        _server = await ApiServer.StartAsync(new ApiServerOptions
        {
            Address = IPAddress.Loopback,
            Port = 0,
            Pki = Pki,
            Tokens = Tokens,
            Plane = Plane,
            Journal = _journal,
            Time = TimeProvider.System,
            Logging = Logging,
        });
        Admin = Client(Pki.Admin);
    }

    public async Task DisposeAsync()
    {
        Admin.Dispose();
        await _server.DisposeAsync();
        await _system.Terminate();
        await Plane.DisposeAsync();
        await _journal.DisposeAsync();
        Pki.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A client that trusts the cluster's authority, with a certificate, a token, or neither.</summary>
    public HttpClient Client(X509Certificate2? certificate = null, string? token = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { SslOptions = Tls(certificate) }) { BaseAddress = Address, DefaultRequestVersion = HttpVersion.Version20, Timeout = TimeSpan.FromSeconds(30) };
        if (token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>TLS options of a client.</summary>
    public SslClientAuthenticationOptions Tls(X509Certificate2? certificate) => new()
    {
        ClientCertificates = certificate is null ? null : [certificate],
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { X509CertificateLoader.LoadCertificate(Pki.Authority.Certificate.RawData) },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    /// <summary>A namespace of one test's own.</summary>
    public async Task<string> NamespaceAsync()
    {
        var name = $"t{Guid.NewGuid():N}"[..12];
        (await SendAsync(HttpMethod.Post, "/api/v1/namespaces", $$"""{"metadata":{"name":"{{name}}"} }""")).Code.ShouldBe(201);
        return name;
    }

    /// <summary>Sends as the administrator.</summary>
    public Task<ApiAnswer> SendAsync(HttpMethod method, string path, string? body = null, string type = "application/json", string? accept = null, HttpClient? client = null) =>
        SendBytesAsync(method, path, body is null ? null : Encoding.UTF8.GetBytes(body), type, accept, client);

    /// <summary>As <see cref="SendAsync"/>, with any bytes.</summary>
    public async Task<ApiAnswer> SendBytesAsync(HttpMethod method, string path, byte[]? body, string type = "application/json", string? accept = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20 };
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (type.Length > 0) request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await (client ?? Admin).SendAsync(request);
        return new ApiAnswer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.ToString() ?? "",
            response.Headers.TryGetValues("Warning", out var warnings) ? [.. warnings] : []);
    }

    public Task<ApiAnswer> GetAsync(string path, string? accept = null) => SendAsync(HttpMethod.Get, path, accept: accept);

    /// <summary>A config map's JSON.</summary>
    public static string ConfigMap(string name, string value = "1", string labels = "{}") => $$"""
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}","labels":{{labels}} },"data":{"key":"{{value}}"} }
        """;
}

/// <summary>What the server answered.</summary>
public sealed record ApiAnswer(int Code, string Text, string ContentType, IReadOnlyList<string> Warnings)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    public string Reason => (string?)Json["reason"] ?? "";

    public string Message => (string?)Json["message"] ?? "";

    public string Version => (string?)Json["metadata"]?["resourceVersion"] ?? "";

    public IReadOnlyList<string> Names => [.. Json["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!)];
}

[CollectionDefinition("api")]
public sealed class ApiCollection : ICollectionFixture<ApiFixture>;
