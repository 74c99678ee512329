using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Orchestrator.Resources.Cel;

/// <summary>Regular expressions that take time proportional to their text, like RE2's: look-around and back-references do not exist.</summary>
internal static partial class CelRegexes
{
    private const int Most = 1000;

    private static readonly ConcurrentDictionary<string, Regex> Compiled = new(StringComparer.Ordinal);

    /// <summary>A compiled pattern. Throws <see cref="CelEvaluationException"/> for one that is none.</summary>
    internal static Regex Of(string pattern)
    {
        if (Compiled.TryGetValue(pattern, out var known)) return known;
        if (Compiled.Count >= Most) Compiled.Clear(); // patterns may come from objects, without end
        try
        {
            return Compiled[pattern] = new Regex(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new CelEvaluationException($"error parsing regexp: {e.Message}");
        }
    }

    /// <summary>A pattern that is written in the expression is looked at when that is compiled.</summary>
    internal static void CheckLiteral(string function, CelNode[] arguments)
    {
        if (function.TrimStart('.') is not ("matches" or "find" or "findAll") || arguments.Length < 2 || arguments[1] is not CelLiteral { Value: string pattern }) return;
        try
        {
            Of(pattern);
        }
        catch (CelEvaluationException e)
        {
            throw new CelCompileException(arguments[1].At, $"invalid matches argument: {e.Message}");
        }
    }

    // RE2's (?P<name>…) and \z, and its one-letter classes.
    private static string Translate(string pattern) => OneLetter().Replace(pattern.Replace("(?P<", "(?<", StringComparison.Ordinal), "\\$1{$2}");

    [GeneratedRegex(@"\\([pP])([A-Z])")]
    private static partial Regex OneLetter();
}
