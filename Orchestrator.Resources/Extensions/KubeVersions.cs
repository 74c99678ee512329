using System.Globalization;

namespace Orchestrator.Resources.Extensions;

/// <summary>Orders API versions as discovery prefers them (k8s.io/apimachinery/pkg/version): stable before beta before alpha, newer first, anything else last by name.</summary>
public static class KubeVersions
{
    /// <summary>The preferred version sorts first.</summary>
    public static IComparer<string> NewestFirst { get; } = Comparer<string>.Create(Compare);

    private static int Compare(string? left, string? right)
    {
        var (a, b) = (Parse(left ?? ""), Parse(right ?? ""));
        if (a is null || b is null) return a is null && b is null ? string.CompareOrdinal(left, right) : a is null ? 1 : -1;
        var order = b.Value.Stability.CompareTo(a.Value.Stability);
        if (order == 0) order = b.Value.Major.CompareTo(a.Value.Major);
        return order != 0 ? order : b.Value.Minor.CompareTo(a.Value.Minor);
    }

    private static (int Stability, int Major, int Minor)? Parse(string version)
    {
        if (version.Length < 2 || version[0] != 'v') return null;
        var at = 1;
        if (Number(version, ref at) is not { } major) return null;
        if (at == version.Length) return (2, major, 0);
        var stability = version.AsSpan(at).StartsWith("beta") ? 1 : version.AsSpan(at).StartsWith("alpha") ? 0 : -1;
        if (stability < 0) return null;
        at += stability == 1 ? 4 : 5;
        return Number(version, ref at) is { } minor && at == version.Length ? (stability, major, minor) : null;
    }

    private static int? Number(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return at > start && int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
