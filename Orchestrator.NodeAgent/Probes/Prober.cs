using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Probes;

/// <summary>Runs one probe or hook handler once: exec, HTTP(S), TCP, gRPC, in the kubelet's words (upstream: pkg/probe). Stateless apart from its connections.</summary>
public sealed class Prober(IContainerRuntime runtime, TimeProvider time) : IDisposable
{
    private const int MaxOutput = 10 * 1024;

    // Every request on a connection of its own, as the kubelet does: a kept one would hide that nobody listens any more. Certificates are not verified.
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.Zero,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = true,
        MaxAutomaticRedirections = 10,
        SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Runs a probe. Throws <see cref="RuntimeUnavailableException"/> where the engine is gone: that is nobody's failure.</summary>
    public async Task<ProbeOutcome> ProbeAsync(Probe probe, ProbeTarget target, CancellationToken cancel)
    {
        var timeout = TimeSpan.FromSeconds(Math.Max(1, probe.TimeoutSeconds));
        using var deadline = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        try
        {
            if (probe.Exec is { } exec) return await ExecAsync(target, exec.Command ?? [], both.Token).ConfigureAwait(false);
            if (probe.HTTPGet is { } get) return await HttpAsync(target, get, both.Token).ConfigureAwait(false);
            if (probe.TCPSocket is { } tcp) return await TcpAsync(target, tcp, both.Token).ConfigureAwait(false);
            if (probe.GRPC is { } grpc) return await GrpcHealth.CheckAsync(target.PodIp, grpc.Port, grpc.Service ?? "", both.Token).ConfigureAwait(false);
            return new ProbeOutcome(false, "missing probe handler");
        }
        catch (FormatException e)
        {
            return new ProbeOutcome(false, e.Message);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            return new ProbeOutcome(false, probe switch
            {
                { Exec: { } exec } => $"command timed out: \"{string.Join(' ', exec.Command ?? [])}\" timed out after {(int)timeout.TotalSeconds}s",
                { HTTPGet: { } get } => $"Get \"{Url(target, get)}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                { TCPSocket: { } tcp } => $"dial tcp {Address(tcp.Host.Length > 0 ? tcp.Host : target.PodIp, target.Port(tcp.Port))}: i/o timeout",
                _ => $"timeout: failed to connect service within {(int)timeout.TotalSeconds}s: context deadline exceeded",
            });
        }
    }

    /// <summary>Runs a lifecycle hook to its end. A failure is the outcome's message.</summary>
    public async Task<ProbeOutcome> RunHookAsync(LifecycleHandler handler, ProbeTarget target, CancellationToken cancel)
    {
        try
        {
            if (handler.Exec is { } exec)
            {
                var result = await runtime.ExecAsync(target.ContainerId, exec.Command ?? [], MaxOutput, cancel).ConfigureAwait(false);
                return new ProbeOutcome(result.ExitCode == 0, result.ExitCode == 0 ? result.Output : $"command '{string.Join(' ', exec.Command ?? [])}' exited with {result.ExitCode}: {result.Output}");
            }
            if (handler.HTTPGet is { } get) return await HttpAsync(target, get, cancel).ConfigureAwait(false);
            if (handler.TCPSocket is { } tcp) return await TcpAsync(target, tcp, cancel).ConfigureAwait(false);
            if (handler.Sleep is { } sleep) await Task.Delay(TimeSpan.FromSeconds(sleep.Seconds), time, cancel).ConfigureAwait(false);
            return new ProbeOutcome(true, "");
        }
        catch (Exception e) when (e is FormatException or RuntimeException)
        {
            return new ProbeOutcome(false, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<ProbeOutcome> ExecAsync(ProbeTarget target, IReadOnlyList<string> command, CancellationToken cancel)
    {
        try
        {
            var result = await runtime.ExecAsync(target.ContainerId, command, MaxOutput, cancel).ConfigureAwait(false);
            return new ProbeOutcome(result.ExitCode == 0, result.Output);
        }
        catch (RuntimeException e)
        {
            return new ProbeOutcome(false, e.Message);
        }
    }

    private async Task<ProbeOutcome> HttpAsync(ProbeTarget target, HTTPGetAction get, CancellationToken cancel)
    {
        var url = Url(target, get);
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.ConnectionClose = true;
        foreach (var header in get.HTTPHeaders ?? [])
        {
            if (header.Name.Equals("Host", StringComparison.OrdinalIgnoreCase)) request.Headers.Host = header.Value;
            else request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }
        if (request.Headers.UserAgent.Count == 0) request.Headers.UserAgent.Add(new ProductInfoHeaderValue("kube-probe", "1.32"));
        if (request.Headers.Accept.Count == 0) request.Headers.TryAddWithoutValidation("Accept", "*/*");
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
            var code = (int)response.StatusCode;
            return code is >= 200 and < 400 ? new ProbeOutcome(true, "") : new ProbeOutcome(false, $"HTTP probe failed with statuscode: {code}");
        }
        catch (HttpRequestException e)
        {
            var why = e.InnerException is SocketException socket ? $"dial tcp {new Uri(url).Authority}: connect: {Reason(socket)}" : e.InnerException?.Message ?? e.Message;
            return new ProbeOutcome(false, $"Get \"{url}\": {why}");
        }
    }

    private static async Task<ProbeOutcome> TcpAsync(ProbeTarget target, TCPSocketAction tcp, CancellationToken cancel)
    {
        var host = tcp.Host.Length > 0 ? tcp.Host : target.PodIp;
        var port = target.Port(tcp.Port);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, cancel).ConfigureAwait(false);
            return new ProbeOutcome(true, "");
        }
        catch (SocketException e)
        {
            return new ProbeOutcome(false, $"dial tcp {Address(host, port)}: connect: {Reason(e)}");
        }
    }

    private static string Url(ProbeTarget target, HTTPGetAction get)
    {
        var scheme = get.Scheme.Equals("HTTPS", StringComparison.OrdinalIgnoreCase) ? "https" : "http";
        var path = get.Path.StartsWith('/') ? get.Path : "/" + get.Path;
        return $"{scheme}://{Address(get.Host.Length > 0 ? get.Host : target.PodIp, target.Port(get.Port))}{path}";
    }

    private static string Address(string host, int port) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";

    private static string Reason(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.HostUnreachable => "no route to host",
        SocketError.NetworkUnreachable => "network is unreachable",
        SocketError.TimedOut => "connection timed out",
        SocketError.ConnectionReset => "connection reset by peer",
        _ => e.Message,
    };
}
