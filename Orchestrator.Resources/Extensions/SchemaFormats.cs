using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Orchestrator.Resources.Json;

namespace Orchestrator.Resources.Extensions;

/// <summary>The string formats that are validated; an unknown one is ignored, as upstream ignores it.</summary>
internal static partial class SchemaFormats
{
    internal static bool Matches(string format, string text) => format switch
    {
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date-time" or "datetime" => Rfc3339.TryParse(text) is not null,
        "uuid" or "uuid3" or "uuid4" or "uuid5" => Guid.TryParseExact(text, "D", out _) || Guid.TryParseExact(text, "N", out _),
        "ipv4" => IPAddress.TryParse(text, out var v4) && v4.AddressFamily == AddressFamily.InterNetwork && text.Count(c => c == '.') == 3,
        "ipv6" => IPAddress.TryParse(text, out var v6) && v6.AddressFamily == AddressFamily.InterNetworkV6,
        "cidr" => IPNetwork.TryParse(text, out _),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _) || text.StartsWith('/'),
        "email" => Email().IsMatch(text),
        "hostname" => text.Length <= 255 && Hostname().IsMatch(text),
        "byte" => System.Buffers.Text.Base64.IsValid(text),
        "duration" => Duration().IsMatch(text),
        _ => true,
    };

    [GeneratedRegex("^[^@\\s]+@[^@\\s]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Email();

    [GeneratedRegex("^[a-zA-Z0-9]([a-zA-Z0-9-]{0,62})(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,62}))*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Hostname();

    [GeneratedRegex("^[+-]?(0|(\\d+(\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h|d|w|( ?(nano|micro|milli)?sec(ond)?s?)))+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Duration();
}
