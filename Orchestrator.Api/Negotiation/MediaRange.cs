using System.Globalization;

namespace Orchestrator.Api.Negotiation;

/// <summary>One entry of an Accept header: type, quality and the parameters Kubernetes gives meaning (<c>as</c>, <c>g</c>, <c>v</c>, <c>stream</c>).</summary>
public sealed record MediaRange(string Type, double Quality, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>
    /// The entries in order of preference, as Kubernetes' goautoneg has it: higher quality first, and what is named before wildcards whatever their quality; the header's order among equals.
    /// Quality 0 (or one that is no number) comes last and is not refused. Entries that are no media type are dropped.
    /// </summary>
    public static IReadOnlyList<MediaRange> Parse(string accept)
    {
        var ranges = new List<MediaRange>();
        foreach (var entry in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0) continue;
            var type = parts[0] == "*" ? "*/*" : parts[0].ToLowerInvariant();
            if (type.Count(c => c == '/') != 1) continue;
            var quality = 1.0;
            var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var part in parts.Skip(1))
            {
                var equals = part.IndexOf('=');
                if (equals <= 0) continue;
                var (key, value) = (part[..equals].Trim(), part[(equals + 1)..].Trim().Trim('"'));
                if (!key.Equals("q", StringComparison.OrdinalIgnoreCase)) parameters[key] = value;
                else if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out quality)) quality = 0;
            }
            Insert(ranges, new MediaRange(type, quality, parameters));
        }
        return ranges;
    }

    // Not a sort by keys: Go's comparison contradicts itself where a wildcard has the higher quality, and what it makes of that is what inserting one by one does.
    private static void Insert(List<MediaRange> ranges, MediaRange range)
    {
        var at = ranges.Count;
        while (at > 0 && range.Precedes(ranges[at - 1])) at--;
        ranges.Insert(at, range);
    }

    private bool Precedes(MediaRange other) => Quality > other.Quality || (!AnyType && other.AnyType) || (!AnySubtype && other.AnySubtype);

    private bool AnyType => Type.StartsWith("*/", StringComparison.Ordinal);

    private bool AnySubtype => Type.EndsWith("/*", StringComparison.Ordinal);

    /// <summary>Whether the range covers a concrete type.</summary>
    public bool Covers(string type) => Type == "*/*" || Type == type || (Type.EndsWith("/*", StringComparison.Ordinal) && type.StartsWith(Type[..^1], StringComparison.Ordinal));

    /// <summary>A parameter, or empty.</summary>
    public string this[string parameter] => Parameters.GetValueOrDefault(parameter, "");
}
