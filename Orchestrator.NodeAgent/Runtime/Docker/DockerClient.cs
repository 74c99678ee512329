using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// Docker Engine's HTTP API over its unix socket. The API version is agreed once (the engine's own, at most <see cref="NewestKnown"/>).
/// An engine that does not answer throws <see cref="RuntimeUnavailableException"/>; a refusal throws <see cref="RuntimeException"/> with the engine's
/// message and HTTP code. Cancelling a call closes its connection; what the engine has begun by then it may still finish.
/// </summary>
internal sealed class DockerClient : IDisposable
{
    /// <summary>The oldest API with all we need (Docker Engine 20.10).</summary>
    internal static readonly Version OldestUsable = new(1, 41);

    /// <summary>The newest API whose messages were compared with ours.</summary>
    internal static readonly Version NewestKnown = new(1, 50);

    private readonly string _socketPath;
    private readonly HttpClient _http;
    private readonly SemaphoreSlim _negotiating = new(1, 1);
    private volatile string? _prefix;

    public DockerClient(string socketPath)
    {
        _socketPath = socketPath;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) => new NetworkStream(await ConnectAsync(cancel).ConfigureAwait(false), ownsSocket: true),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
        })
        {
            BaseAddress = new Uri("http://docker/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        using var response = await SendAsync(HttpMethod.Get, path, null, null, cancel).ConfigureAwait(false);
        return await ReadAsync(response, type, cancel).ConfigureAwait(false);
    }

    /// <summary>As <see cref="GetAsync"/>, null where the engine answers 404.</summary>
    public async Task<T?> FindAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel) where T : class
    {
        try
        {
            return await GetAsync(path, type, cancel).ConfigureAwait(false);
        }
        catch (RuntimeException e) when (e.Code == 404)
        {
            return null;
        }
    }

    public async Task<TResult> PostAsync<TBody, TResult>(string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TResult> resultType, CancellationToken cancel)
    {
        using var response = await SendAsync(HttpMethod.Post, path, JsonBody(body, bodyType), null, cancel).ConfigureAwait(false);
        return await ReadAsync(response, resultType, cancel).ConfigureAwait(false);
    }

    /// <summary>A call without a result. Returns the HTTP code (2xx, or 304 for what was so already).</summary>
    public async Task<int> SendAsync(HttpMethod method, string path, CancellationToken cancel)
    {
        using var response = await SendAsync(method, path, null, null, cancel).ConfigureAwait(false);
        return (int)response.StatusCode;
    }

    /// <summary>A call whose answer is a stream without end: events, logs, a pull's progress. Dispose it to hang up.</summary>
    public async Task<DockerResponseStream> StreamAsync(HttpMethod method, string path, HttpContent? body, string? registryAuth, CancellationToken cancel)
    {
        var response = await SendAsync(method, path, body, registryAuth, cancel).ConfigureAwait(false);
        try
        {
            return new DockerResponseStream(response, await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false));
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Takes a connection over as a raw duplex stream (exec, attach).</summary>
    public async Task<HijackedConnection> HijackAsync(string path, byte[] jsonBody, CancellationToken cancel)
    {
        var prefix = await PrefixAsync(cancel).ConfigureAwait(false);
        var socket = await ConnectOrUnavailableAsync(cancel).ConfigureAwait(false);
        return await HijackedConnection.OpenAsync(socket, prefix + path, jsonBody, cancel).ConfigureAwait(false);
    }

    public static ByteArrayContent JsonBody<T>(T body, JsonTypeInfo<T> type)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    /// <summary>The engine's <c>filters</c> query parameter.</summary>
    public static string Filters(params (string Name, string[] Values)[] filters) =>
        Uri.EscapeDataString(JsonSerializer.Serialize(filters.ToDictionary(f => f.Name, f => f.Values), DockerJson.Default.DictionaryStringStringArray));

    /// <summary>A connected socket to the engine, for questions about its peer.</summary>
    public Task<Socket> OpenSocketAsync(CancellationToken cancel) => ConnectOrUnavailableAsync(cancel);

    public void Dispose()
    {
        _http.Dispose();
        _negotiating.Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body, string? registryAuth, CancellationToken cancel)
    {
        var prefix = await PrefixAsync(cancel).ConfigureAwait(false);
        return await SendRawAsync(method, prefix + path, body, registryAuth, cancel).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendRawAsync(HttpMethod method, string path, HttpContent? body, string? registryAuth, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        if (registryAuth is not null)
        {
            request.Headers.TryAddWithoutValidation("X-Registry-Auth", registryAuth);
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw Unavailable(e);
        }

        var code = (int)response.StatusCode;
        if (code < 400)
        {
            return response;
        }

        using (response)
        {
            var text = await ReadTextAsync(response, cancel).ConfigureAwait(false);
            throw new RuntimeException(ErrorMessage(text, code), code);
        }
    }

    internal static string ErrorMessage(string body, int code)
    {
        try
        {
            if (JsonSerializer.Deserialize(body, DockerJson.Default.DockerError)?.Message is { Length: > 0 } message)
            {
                return message.Trim();
            }
        }
        catch (JsonException)
        {
            // Not the engine's JSON (a proxy's page, an empty body): its text is the best there is.
        }

        return body.Length > 0 ? body.Trim() : string.Create(CultureInfo.InvariantCulture, $"Docker Engine answered {code}");
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        try
        {
            using var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync(stream, type, cancel).ConfigureAwait(false)
                ?? throw new RuntimeException("Docker Engine answered null");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw Unavailable(e);
        }
    }

    private async Task<string> ReadTextAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            return await response.Content.ReadAsStringAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw Unavailable(e);
        }
    }

    private async ValueTask<string> PrefixAsync(CancellationToken cancel)
    {
        if (_prefix is { } known)
        {
            return known;
        }

        await _negotiating.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (_prefix is { } meanwhile)
            {
                return meanwhile;
            }

            using var response = await SendRawAsync(HttpMethod.Get, "_ping", null, null, cancel).ConfigureAwait(false);
            var offered = response.Headers.TryGetValues("Api-Version", out var values) ? values.FirstOrDefault() : null;
            if (!Version.TryParse(offered, out var version) || version < OldestUsable)
            {
                throw new RuntimeException($"Docker Engine speaks API {offered ?? "(unknown)"}; {OldestUsable} or newer (Docker Engine 20.10) is needed");
            }

            return _prefix = $"v{(version > NewestKnown ? NewestKnown : version)}";
        }
        finally
        {
            _negotiating.Release();
        }
    }

    private async ValueTask<Socket> ConnectAsync(CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath), cancel).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Socket> ConnectOrUnavailableAsync(CancellationToken cancel)
    {
        try
        {
            return await ConnectAsync(cancel).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw Unavailable(e);
        }
    }

    internal RuntimeUnavailableException Unavailable(Exception e) =>
        new($"Docker Engine does not answer on {_socketPath}: {(e.InnerException ?? e).Message}", e);
}

/// <summary>An endless answer and the connection that carries it.</summary>
internal sealed class DockerResponseStream(HttpResponseMessage response, Stream body) : IDisposable
{
    public Stream Body { get; } = body;

    public void Dispose()
    {
        Body.Dispose();
        response.Dispose();
    }
}
