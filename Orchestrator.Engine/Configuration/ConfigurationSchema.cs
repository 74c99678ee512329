using System.Globalization;

namespace Orchestrator.Engine.Configuration;

/// <summary>
/// The keys that exist and what each may hold, learned from the defaults: an empty block is open to any key, a list takes any items, and a
/// default that is a duration, a size, a whole number or a boolean asks for the same of whatever replaces it.
/// </summary>
public sealed class ConfigurationSchema
{
    private static readonly string[] Booleans = ["true", "false", "yes", "no", "on", "off"];

    private readonly HoconObject _reference;
    private readonly List<string> _keys = [];

    /// <param name="reference">Every key with its default.</param>
    public ConfigurationSchema(HoconObject reference)
    {
        _reference = reference;
        Collect(reference, "");
    }

    /// <summary>Throws <see cref="HoconException"/> at the first key that does not exist, with the nearest that does, or at the first unfit value.</summary>
    public void Check(HoconObject values) => Check(values, _reference, "");

    private void Check(HoconObject values, HoconObject reference, string path)
    {
        if (reference.Fields.Count == 0) return;
        foreach (var (name, value) in values.Fields)
        {
            var key = path.Length == 0 ? name : $"{path}.{name}";
            if (!reference.Fields.TryGetValue(name, out var known)) throw new HoconException(value.Origin, $"unknown key {key}; did you mean {Nearest(key)}?");
            switch (known, value)
            {
                case (HoconObject inner, HoconObject block):
                    Check(block, inner, key);
                    break;
                case (HoconObject, _):
                    throw new HoconException(value.Origin, $"{key} must be a block {{ … }}");
                case (HoconArray, HoconArray):
                    break;
                case (HoconArray, _):
                    throw new HoconException(value.Origin, $"{key} must be a list [ … ]");
                case (HoconScalar usual, HoconScalar scalar):
                    if (Expected(usual.Text, scalar.Text) is { } expected) throw new HoconException(value.Origin, $"{key} must be {expected}, not {scalar.Text ?? "null"}");
                    break;
                default:
                    throw new HoconException(value.Origin, $"{key} must be a single value");
            }
        }
    }

    /// <summary>What a value in the place of <paramref name="usual"/> must be, or null where it is that.</summary>
    private static string? Expected(string? usual, string? value)
    {
        if (string.IsNullOrEmpty(usual)) return null;
        // First, as "10m" would do as a size as well.
        if (usual == "infinite" || HoconUnits.IsDuration(usual)) return value is not null && HoconUnits.TryParseDuration(value, out _) ? null : "a duration such as 10s, 500ms or infinite";
        if (HoconUnits.IsSize(usual)) return value is not null && HoconUnits.TryParseSize(value, out _) ? null : "a size such as 128 KiB or 3MiB";
        if (Booleans.Contains(usual)) return value is not null && Booleans.Contains(value) ? null : "true or false";
        if (IsWhole(usual)) return value is not null && IsWhole(value) ? null : "a whole number";
        return null;
    }

    private static bool IsWhole(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private void Collect(HoconObject block, string path)
    {
        foreach (var (name, value) in block.Fields)
        {
            var key = path.Length == 0 ? name : $"{path}.{name}";
            _keys.Add(key);
            if (value is HoconObject inner) Collect(inner, key);
        }
    }

    private string Nearest(string key) => _keys.MinBy(known => Distance(key, known)) ?? "";

    /// <summary>Letters to insert, delete or replace to make one text of the other.</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[^1];
    }
}
