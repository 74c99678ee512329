using System.Globalization;
using System.Text;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.NodeAgent.Server;

/// <summary>One answer of <see cref="KubeletServer"/>: a body that is known, or one that <paramref name="Follow"/> writes as stdout frames once the head is out.</summary>
internal sealed record KubeletPage(int Code, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body, Func<INodeStream, CancellationToken, Task>? Follow = null)
{
    private const string PlainText = "text/plain; charset=utf-8";
    private const string ContentType = "Content-Type";

    /// <summary>JSON.</summary>
    public static KubeletPage Json(ReadOnlyMemory<byte> json) => Whole(200, json, (ContentType, "application/json"));

    /// <summary>Prometheus' text form.</summary>
    public static KubeletPage Metrics(string text) => Whole(200, Encoding.UTF8.GetBytes(text), (ContentType, "text/plain; version=0.0.4; charset=utf-8"));

    /// <summary>Text that no browser is to guess at, as Go's own server writes its refusals; it ends with a line break there.</summary>
    public static KubeletPage Text(int code, string text) => Whole(code, Encoding.UTF8.GetBytes(text), (ContentType, PlainText), ("X-Content-Type-Options", "nosniff"));

    /// <summary>Text as go-restful writes its refusals.</summary>
    public static KubeletPage Refusal(int code, string text, params (string Name, string Value)[] headers) => Whole(code, Encoding.UTF8.GetBytes(text), [(ContentType, PlainText), .. headers]);

    /// <summary>Elsewhere for good; <paramref name="location"/> is a path of this server with its query.</summary>
    public static KubeletPage MovedTo(string location) =>
        Whole(301, Encoding.UTF8.GetBytes($"<a href=\"{System.Net.WebUtility.HtmlEncode(location)}\">Moved Permanently</a>.\n\n"), (ContentType, "text/html; charset=utf-8"), ("Location", location));

    /// <summary>Text that comes as it is written.</summary>
    public static KubeletPage Stream(Func<INodeStream, CancellationToken, Task> follow) => new(200, new Dictionary<string, string> { [ContentType] = PlainText }, default, follow);

    private static KubeletPage Whole(int code, ReadOnlyMemory<byte> body, params (string Name, string Value)[] headers)
    {
        var all = headers.ToDictionary(h => h.Name, h => h.Value);
        all["Content-Length"] = body.Length.ToString(CultureInfo.InvariantCulture);
        return new KubeletPage(code, all, body);
    }
}
