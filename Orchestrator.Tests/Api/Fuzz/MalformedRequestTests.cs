using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Orchestrator.Resources.Kinds;
using Orchestrator.Tests.Api.Http;
using Shouldly;
using Xunit.Abstractions;

namespace Orchestrator.Tests.Api.Fuzz;

/// <summary>Fifty thousand requests made wrong from right ones, for objects of every kind: none is answered with a 5xx, none changes anything, nothing stays behind.</summary>
public sealed class MalformedRequestTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int WarmUp = 2_000;
    private const int InFlight = 24;

    private static readonly int Requests = int.TryParse(Environment.GetEnvironmentVariable("FUZZ_REQUESTS"), out var wanted) ? wanted : 50_000;

    private readonly CapturedErrors _errors = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentDictionary<int, int> _codes = new();
    private ApiFixture _api = null!;
    private HttpClient _client = null!;
    private string _ns = "";

    public async Task InitializeAsync()
    {
        _api = new ApiFixture { Logging = _errors };
        await _api.InitializeAsync();
        _client = new HttpClient(new SocketsHttpHandler { SslOptions = _api.Tls(_api.Pki.Admin), MaxConnectionsPerServer = InFlight, AllowAutoRedirect = false, RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1 }) { BaseAddress = _api.Address, Timeout = TimeSpan.FromSeconds(60) };
        _ns = await _api.NamespaceAsync();
        (await _api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{_ns}/serviceaccounts", """{"metadata":{"name":"runner"}}""")).Code.ShouldBe(201);
        // The service would bring an API that nobody serves; a namespace is there already; a node that is never heard of is written about as time goes by.
        foreach (var sample in KindSample.All.Values.Where(s => s.Kind.Plural is not ("apiservices" or "namespaces" or "nodes")))
            (await _api.SendAsync(HttpMethod.Post, sample.Path(_ns), sample.In(_ns).ToJsonString())).Code.ShouldBe(201, sample.Title);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Malformed_requests_are_refused_change_nothing_and_leave_nothing_behind()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("FUZZ_SEED"), out var given) ? given : Random.Shared.Next();
        var requests = new MalformedRequests(seed, _ns);
        output.WriteLine($"FUZZ_SEED={seed}");
        await SettleAsync();
        var before = await StateAsync();
        var written = new ConcurrentQueue<JournalRow>();
        using var subscription = await _api.Journal.SubscribeAsync(_api.Journal.Head, rows =>
        {
            foreach (var row in rows) written.Enqueue(row);
        });

        await SendAsync(requests, 0, WarmUp);
        var (memory, handles, actors) = Use();
        await SendAsync(requests, WarmUp, Requests);
        await GarbledConnectionsAsync(new Random(seed));

        output.WriteLine(string.Join(", ", _codes.OrderBy(c => c.Key).Select(c => $"{c.Value} × {c.Key}")));
        _failures.Take(20).ShouldBeEmpty($"{_failures.Count} with FUZZ_SEED={seed}; {string.Join('\n', _errors.Messages.Distinct(StringComparer.Ordinal).Take(12))}");
        _errors.Messages.ShouldBeEmpty();
        written.Select(r => $"{r.Operation} {r.PersistenceId}").ShouldBeEmpty($"FUZZ_SEED={seed}");
        (await StateAsync()).ShouldBe(before);
        // Far below what leaked requests would need, far above what other tests use beside this one.
        await Eventually.HoldsAsync(() =>
        {
            var now = Use();
            return Task.FromResult(now.Actors <= actors + 20 && now.Handles <= handles + 1_000 && now.Memory <= memory + (400L << 20));
        }, $"the end of what requests had used (then {memory >> 20} MiB, {handles} handles, {actors} actors; now {Use()})");
    }

    private Task SendAsync(MalformedRequests requests, int from, int to) => Parallel.ForEachAsync(Enumerable.Range(from, to - from), new ParallelOptions { MaxDegreeOfParallelism = InFlight }, async (number, cancel) =>
    {
        var request = requests.Make(number);
        try
        {
            using var message = Message(request, number % 2 == 0 || request.Headers.Count > 0 || IsRefusedUnread(request) ? HttpVersion.Version11 : HttpVersion.Version20);
            using var response = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancel);
            var code = (int)response.StatusCode;
            _codes.AddOrUpdate(code, 1, (_, n) => n + 1);
            // A watch or a followed log that was asked for well enough has no end of its own.
            var text = code >= 400 || !(request.Target.Contains("watch", StringComparison.Ordinal) || request.Target.Contains("follow", StringComparison.Ordinal)) ? await response.Content.ReadAsStringAsync(cancel) : "";
            if (code >= 500 && !IsRight(code, request, text)) _failures.Enqueue($"{number}: {code} {(text.Length > 300 ? text[..300] : text)} for {request}");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            _failures.Enqueue($"{number}: {e.Message} {e.InnerException?.Message} for {request}");
        }
    });

    // HTTP/2 knows no answer to a path with a zero in it or to one longer than its header's frame: the stream is reset. HTTP/1.1 answers and hangs up with the body unread, as it does where
    // a header is not UTF-8, which a client that is still sending the body may take for a broken connection: these go without one.
    private static bool IsRefusedUnread(RawRequest request) =>
        request.Target.Contains("%00", StringComparison.Ordinal) || request.Target.Length > 4_000 || request.Headers.Any(h => !Ascii.IsValid(h.Value));

    /// <summary>Upstream's own: a version that is not there yet is worth another try, and so is what is behind a proxy.</summary>
    private static bool IsRight(int code, RawRequest request, string answer) =>
        code == 504 && answer.Contains("Too large resource version", StringComparison.Ordinal) || code is 502 or 503 && request.Target.Contains("/proxy", StringComparison.Ordinal);

    private HttpRequestMessage Message(RawRequest request, Version version)
    {
        var target = new Uri($"{_api.Address.GetLeftPart(UriPartial.Authority)}{request.Target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(new HttpMethod(request.Method), target) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (request.Body is not null && request.Method != "TRACE" && !IsRefusedUnread(request))
        {
            message.Content = new ByteArrayContent(request.Body);
            if (request.ContentType.Length > 0) message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        }
        foreach (var (name, value) in request.Headers)
            if (!message.Headers.TryAddWithoutValidation(name, value)) message.Content?.Headers.TryAddWithoutValidation(name, value);
        return message;
    }

    /// <summary>What is no HTTP, or stops in the middle: the server hangs up, and goes on serving.</summary>
    private async Task GarbledConnectionsAsync(Random random)
    {
        string[] beginnings = ["GET /api HTTP/9.9\r\n\r\n", "GET\r\n\r\n", "\0\0\0\0", "POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"metadata\":", "GET /api HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\u00ff", "GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET http://[::1/ HTTP/1.1\r\n\r\n", new string('A', 20_000), "POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"];
        for (var i = 0; i < 100; i++)
        {
            using var socket = new System.Net.Sockets.TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, _api.Address.Port);
            await using var tls = new SslStream(socket.GetStream());
            var garbage = Encoding.Latin1.GetBytes(beginnings[random.Next(beginnings.Length)]);
            if (random.Next(8) == 0)
            {
                await socket.GetStream().WriteAsync(garbage); // not even TLS
                continue;
            }
            await tls.AuthenticateAsClientAsync(_api.Tls(_api.Pki.Admin) is var options ? new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", ClientCertificates = options.ClientCertificates, CertificateChainPolicy = options.CertificateChainPolicy, EnabledSslProtocols = SslProtocols.Tls13 } : null!);
            await tls.WriteAsync(garbage.AsMemory(0, random.Next(3) == 0 ? random.Next(garbage.Length) : garbage.Length));
        }
        (await _api.GetAsync("/readyz")).Code.ShouldBe(200);
    }

    /// <summary>Waits until the control loops have done what the new objects ask of them.</summary>
    private async Task SettleAsync()
    {
        var (head, since) = (_api.Journal.Head, Stopwatch.StartNew());
        await Eventually.HoldsAsync(async () =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            if (_api.Journal.Head != head) (head, since) = (_api.Journal.Head, Stopwatch.StartNew());
            return since.Elapsed > TimeSpan.FromSeconds(2);
        }, "the control loops' rest");
    }

    private async Task<string> StateAsync()
    {
        var state = new StringBuilder();
        foreach (var kind in KindCatalog.Default.All) state.AppendLine((await _api.GetAsync($"/{(kind.Group.Length == 0 ? "api" : "apis")}/{kind.ApiVersion}/{kind.Plural}")).Text);
        return state.ToString();
    }

    private (long Memory, int Handles, int Actors) Use() => (GC.GetTotalMemory(forceFullCollection: true), Directory.GetFiles("/proc/self/fd").Length, Count(_api.System.UserGuardian));

    private static int Count(IActorRef actor) => 1 + (actor is LocalActorRef local ? local.Cell.ChildRefs().Sum(Count) : 0);
}
