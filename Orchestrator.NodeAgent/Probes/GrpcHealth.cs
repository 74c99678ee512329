using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Orchestrator.NodeAgent.Probes;

/// <summary>gRPC's health check as two small messages over plain HTTP/2: no gRPC library is needed for one call.</summary>
internal static class GrpcHealth
{
    private const int Serving = 1;

    private static readonly HttpClient Client = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero, UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };

    public static async Task<ProbeOutcome> CheckAsync(string host, int port, string service, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{host}:{port}/grpc.health.v1.Health/Check")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Frame(service)),
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        try
        {
            using var response = await Client.SendAsync(request, cancel).ConfigureAwait(false);
            var body = await response.Content.ReadAsByteArrayAsync(cancel).ConfigureAwait(false);
            var headers = response.TrailingHeaders.TryGetValues("grpc-status", out var trailing) ? trailing : response.Headers.TryGetValues("grpc-status", out var leading) ? leading : [];
            var code = headers.FirstOrDefault() ?? "0";
            if (code == "12") return new ProbeOutcome(false, "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)");
            if (code != "0") return new ProbeOutcome(false, $"error: health rpc probe failed: rpc error: code = {code}");
            // HealthCheckResponse is one enum field: tag 0x08 and its number, after the five bytes of the frame; absent means UNKNOWN.
            var status = body.Length >= 7 && body[5] == 0x08 ? body[6] : 0;
            return status == Serving ? new ProbeOutcome(true, "service healthy") : new ProbeOutcome(false, $"service unhealthy (responded with \"{Name(status)}\")");
        }
        catch (HttpRequestException e)
        {
            return new ProbeOutcome(false, $"timeout: failed to connect service \"{host}:{port}\": {e.InnerException?.Message ?? e.Message}");
        }
    }

    private static string Name(int status) => status switch { 0 => "UNKNOWN", 2 => "NOT_SERVING", 3 => "SERVICE_UNKNOWN", _ => status.ToString(System.Globalization.CultureInfo.InvariantCulture) };

    private static byte[] Frame(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        // Names are at most 127 bytes in one length byte here; validation limits them to a DNS-like name.
        byte[] message = name.Length == 0 ? [] : [0x0A, (byte)name.Length, .. name];
        return [0, 0, 0, 0, (byte)message.Length, .. message];
    }
}
