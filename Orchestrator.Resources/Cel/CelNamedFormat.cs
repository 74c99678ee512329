using System.Buffers;
using System.Text.RegularExpressions;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Cel;

/// <summary>A form that texts may have, by its name in expressions.</summary>
/// <param name="Name">As it is called: <c>dns1123Label</c>.</param>
/// <param name="PatternLength">How many characters upstream reckons the form's pattern with; what a check costs depends on it.</param>
/// <param name="Check">Says what is wrong with a text; empty for nothing.</param>
internal sealed partial record CelNamedFormat(string Name, int PatternLength, Func<string, IReadOnlyList<string>> Check) : ICelOpaque
{
    private static readonly SearchValues<char> Base64Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    /// <summary>The forms of Kubernetes 1.32, by their names.</summary>
    public static IReadOnlyDictionary<string, CelNamedFormat> All { get; } = new CelNamedFormat[]
    {
        new("dns1123Label", 30, text => NameRules.DnsLabel(text, isPrefix: false)),
        new("dns1123Subdomain", 60, text => NameRules.DnsSubdomain(text, isPrefix: false)),
        new("dns1035Label", 30, text => NameRules.Dns1035Label(text, isPrefix: false)),
        new("qualifiedName", 60, NameFormats.QualifiedName),
        new("dns1123LabelPrefix", 30, text => NameRules.DnsLabel(text, isPrefix: true)),
        new("dns1123SubdomainPrefix", 60, text => NameRules.DnsSubdomain(text, isPrefix: true)),
        new("dns1035LabelPrefix", 30, text => NameRules.Dns1035Label(text, isPrefix: true)),
        new("labelValue", 40, NameFormats.LabelValue),
        new("uri", 1120, text => CelNetworkLibrary.UrlProblem(text) is { } problem ? [problem] : []),
        new("uuid", 70, text => Uuid().IsMatch(text) ? [] : ["does not match the UUID format"]),
        new("byte", 84, text => IsBase64(text) ? [] : ["invalid base64"]),
        new("date", 71, text => SchemaFormats.Matches("date", text) ? [] : ["invalid date"]),
        new("datetime", 71, text => SchemaFormats.Matches("datetime", text) ? [] : ["invalid datetime"]),
    }.ToDictionary(f => f.Name, StringComparer.Ordinal);

    /// <inheritdoc/>
    public CelType Type => CelFormatLibrary.FormatType;

    [GeneratedRegex(@"^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Uuid();

    // Standard alphabet, padded, nothing else in between; empty is none.
    private static bool IsBase64(string text)
    {
        var body = text.AsSpan().TrimEnd('=');
        return text.Length > 0 && text.Length % 4 == 0 && text.Length - body.Length <= 2 && body.IndexOfAnyExcept(Base64Alphabet) < 0;
    }
}
