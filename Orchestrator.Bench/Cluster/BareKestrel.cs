using System.Diagnostics;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Orchestrator.Bench.Rows;

namespace Orchestrator.Bench.Cluster;

/// <summary>
/// The floor of what goes over HTTPS: Kestrel in a process of its own, over TLS with a client certificate as the product. A GET sends the bytes of a file; a PATCH commits its body
/// as one row of a raw SQLite group commit and sends it back; a GET of <see cref="WatchPath"/> stays open and is sent what is posted to it.
/// </summary>
internal sealed class BareKestrel : IAsyncDisposable
{
    /// <summary>Where watchers and what they are to see go.</summary>
    public const string WatchPath = "/watch";

    private readonly Process _process;
    private readonly DirectoryInfo _data;

    private BareKestrel(Process process, DirectoryInfo data, Uri server) => (_process, _data, Server) = (process, data, server);

    /// <summary>The child process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Where it listens.</summary>
    public Uri Server { get; }

    /// <summary>Starts the child process; it prints its address when it listens.</summary>
    public static async Task<BareKestrel> StartAsync(byte[] body)
    {
        var data = Directory.CreateTempSubdirectory("bench-bare-");
        await File.WriteAllBytesAsync(Path.Combine(data.FullName, Body), body);
        // A session of its own, as the cluster has: Linux schedules by sessions, and who shares the client's runs the faster for it.
        var process = Process.Start(new ProcessStartInfo("setsid", ["dotnet", typeof(BareKestrel).Assembly.Location, "bare-kestrel", data.FullName]) { RedirectStandardOutput = true })!;
        var address = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the bare server did not start");
        return new BareKestrel(process, data, new Uri(address));
    }

    /// <summary>The child process's main.</summary>
    public static async Task ServeAsync(string data)
    {
        var body = await File.ReadAllBytesAsync(Path.Combine(data, Body));
        using var database = new RawSqlite(Path.Combine(data, "floor.db"));
        await using var store = new RawGroupCommit(database.Append);
        var watchers = new BareWatchers();
        var rows = 0L;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bare", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = X509CertificateLoader.LoadPkcs12(request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1)).Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (_, _, _) => true;
            https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        })));
        await using var app = builder.Build();
        app.Run(async context =>
        {
            var sent = body;
            if (context.Request.Path == WatchPath)
            {
                if (HttpMethods.IsPost(context.Request.Method)) await watchers.PublishAsync(await ReadAsync(context.Request));
                else await watchers.StayAsync(context);
                return;
            }
            if (HttpMethods.IsPatch(context.Request.Method))
            {
                sent = await ReadAsync(context.Request);
                await store.WriteAsync(new RawRow(context.Request.Path, Interlocked.Increment(ref rows), sent));
            }
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = sent.Length;
            await context.Response.BodyWriter.WriteAsync(sent);
        });
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _data.Delete(recursive: true);
    }

    private const string Body = "body";

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        var body = new byte[(int)request.ContentLength!];
        await request.Body.ReadExactlyAsync(body);
        return body;
    }
}
