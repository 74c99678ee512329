using System.Buffers;
using Microsoft.AspNetCore.Http;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Requests;

/// <summary>Reads request bodies within Kubernetes' limit of 3 MiB.</summary>
public static class RequestBody
{
    /// <summary>Largest body, in bytes.</summary>
    public const int Limit = 3 * 1024 * 1024;

    /// <summary>413 in upstream's words.</summary>
    public static ApiStatus TooLarge { get; } = new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {Limit}");

    /// <summary>The whole body; empty where there is none. Throws a 413 <see cref="StatusException"/> beyond the limit.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        if (request.ContentLength > Limit) throw TooLarge.AsException();
        if (request.ContentLength == 0) return default;
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancel);
            if (read.Buffer.Length > Limit)
            {
                reader.AdvanceTo(read.Buffer.End);
                throw TooLarge.AsException();
            }
            if (read.IsCompleted)
            {
                ReadOnlyMemory<byte> body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>The media type without parameters, in lower case; empty where none is given.</summary>
    public static string MediaType(HttpRequest request)
    {
        var type = request.ContentType ?? "";
        var semicolon = type.IndexOf(';');
        return (semicolon < 0 ? type : type[..semicolon]).Trim().ToLowerInvariant();
    }

    /// <summary>415 in upstream's words.</summary>
    public static ApiStatus UnsupportedMediaType(string accepted) =>
        new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - accepted media types include: {accepted}");
}
