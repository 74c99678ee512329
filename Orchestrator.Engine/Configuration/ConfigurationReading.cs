using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Orchestrator.Engine.Configuration;

/// <summary>
/// Typed readers for keys that <c>reference.hocon</c> gives a default. A key may be written with dots or colons. A missing or unfit value is a
/// <see cref="HoconException"/> with the place it was written at.
/// </summary>
public static class ConfigurationReading
{
    /// <summary>Reads a text as a value; false where it is none.</summary>
    public delegate bool Parser<T>(string text, [MaybeNullWhen(false)] out T value);

    /// <summary>A text in a form of the caller's; <paramref name="expected"/> completes "must be …" where it does not have that form.</summary>
    public static T Get<T>(this IConfiguration configuration, string key, string expected, Parser<T> parser) =>
        parser(GetText(configuration, key), out var value) ? value : throw Unfit(configuration, key, expected);

    /// <summary>The items of a list in order, each in a form of the caller's.</summary>
    public static IReadOnlyList<T> GetAll<T>(this IConfiguration configuration, string key, string expected, Parser<T> parser) =>
        [.. Enumerable.Range(0, GetTexts(configuration, key).Count).Select(i => Get(configuration, string.Create(CultureInfo.InvariantCulture, $"{Colons(key)}:{i}"), expected, parser))];

    /// <summary>A duration; <c>infinite</c> and <c>off</c> are <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
    public static TimeSpan GetTimeSpan(this IConfiguration configuration, string key) =>
        HoconUnits.TryParseDuration(GetText(configuration, key), out var value) ? value : throw Unfit(configuration, key, "a duration such as 10s, 500ms or infinite");

    /// <summary>A size in bytes.</summary>
    public static long GetByteSize(this IConfiguration configuration, string key) =>
        HoconUnits.TryParseSize(GetText(configuration, key), out var value) ? value : throw Unfit(configuration, key, "a size such as 128 KiB or 3MiB");

    /// <summary>A whole number.</summary>
    public static int GetInt(this IConfiguration configuration, string key) =>
        int.TryParse(GetText(configuration, key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value : throw Unfit(configuration, key, "a whole number");

    /// <summary>A number, perhaps with a decimal point.</summary>
    public static double GetDouble(this IConfiguration configuration, string key) =>
        double.TryParse(GetText(configuration, key), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value : throw Unfit(configuration, key, "a number");

    /// <summary><c>true</c>, <c>yes</c>, <c>on</c>, or their opposites.</summary>
    public static bool GetBoolean(this IConfiguration configuration, string key) => GetText(configuration, key) switch
    {
        "true" or "yes" or "on" => true,
        "false" or "no" or "off" => false,
        _ => throw Unfit(configuration, key, "true or false"),
    };

    /// <summary>A text; it may be empty.</summary>
    public static string GetText(this IConfiguration configuration, string key) => configuration[Colons(key)] ?? throw Unfit(configuration, key, "a value");

    /// <summary>The texts of a list, in order; none where the list is empty.</summary>
    public static IReadOnlyList<string> GetTexts(this IConfiguration configuration, string key) =>
        [.. configuration.GetSection(Colons(key)).GetChildren().Select(item => item.Value).OfType<string>()];

    /// <summary>The texts of a block whose keys are the user's own, such as labels.</summary>
    public static IReadOnlyDictionary<string, string> GetMap(this IConfiguration configuration, string key) =>
        configuration.GetSection(Colons(key)).GetChildren().Where(item => item.Value is not null).ToDictionary(item => item.Key, item => item.Value!, StringComparer.Ordinal);

    /// <summary>A key with a colon is taken as it is: the name of a label may hold dots.</summary>
    private static string Colons(string key) => key.Contains(':', StringComparison.Ordinal) ? key : key.Replace('.', ':');

    private static HoconException Unfit(IConfiguration configuration, string key, string expected)
    {
        var path = configuration is IConfigurationSection section ? $"{section.Path}:{Colons(key)}" : Colons(key);
        var origin = new HoconOrigin("configuration", 0);
        if (configuration is IConfigurationRoot root)
        {
            foreach (var provider in root.Providers.OfType<HoconConfigurationProvider>())
            {
                if (provider.TryGetOrigin(path, out var found)) origin = found;
            }
        }
        return new HoconException(origin, $"{path.Replace(':', '.')} must be {expected}, not {(configuration[Colons(key)] is { } value ? $"\"{value}\"" : "nothing")}");
    }
}
