using System.Globalization;

namespace Orchestrator.Api.Negotiation;

/// <summary>One entry of an Accept header: type, quality and the parameters Kubernetes gives meaning (<c>as</c>, <c>g</c>, <c>v</c>, <c>stream</c>).</summary>
public sealed record MediaRange(string Type, double Quality, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>The entries in order of preference: higher quality first, the header's order among equals. Quality 0 and malformed entries are dropped.</summary>
    public static IReadOnlyList<MediaRange> Parse(string accept)
    {
        var ranges = new List<MediaRange>();
        foreach (var entry in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0 || !parts[0].Contains('/')) continue;
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
            if (quality > 0) ranges.Add(new MediaRange(parts[0].ToLowerInvariant(), quality, parameters));
        }
        return [.. ranges.OrderByDescending(r => r.Quality)];
    }

    /// <summary>Whether the range covers a concrete type.</summary>
    public bool Covers(string type) => Type == "*/*" || Type == type || (Type.EndsWith("/*", StringComparison.Ordinal) && type.StartsWith(Type[..^1], StringComparison.Ordinal));

    /// <summary>A parameter, or empty.</summary>
    public string this[string parameter] => Parameters.GetValueOrDefault(parameter, "");
}
