using System.Globalization;
using System.Text;

namespace Orchestrator.Resources.Naming;

/// <summary>
/// The forms that names and keys take in Kubernetes (k8s.io/apimachinery/pkg/util/validation). Each check answers with what is wrong,
/// in upstream's words, and with the shared empty list where nothing is. Lengths are UTF-8 bytes.
/// </summary>
public static class NameFormats
{
    private const string LabelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string SubdomainPattern = LabelPattern + "(\\." + LabelPattern + ")*";
    private const string QualifiedPattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    private const string SubdomainForm =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

    private static readonly IReadOnlyList<string> Fine = [];

    /// <summary>A lower-case DNS label of at most 63 characters: namespaces, containers, ports' hosts.</summary>
    public static IReadOnlyList<string> Dns1123Label(string value)
    {
        var tooLong = Bytes(value) > 63;
        var wellFormed = IsDnsLabel(value, letterFirst: false);
        if (!tooLong && wellFormed) return Fine;
        var problems = new List<string>();
        if (tooLong) problems.Add(MaxLength(63));
        if (!wellFormed)
            problems.Add(IsDnsSubdomain(value)
                ? "must not contain dots"
                : Pattern("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character", LabelPattern, "my-name", "123-abc"));
        return problems;
    }

    /// <summary>A lower-case DNS name of at most 253 characters: most objects' names.</summary>
    public static IReadOnlyList<string> Dns1123Subdomain(string value) =>
        Check(value, 253, IsDnsSubdomain(value), () => Pattern(SubdomainForm, SubdomainPattern, "example.com"));

    /// <summary><c>*.</c> and a DNS name.</summary>
    public static IReadOnlyList<string> WildcardDns1123Subdomain(string value) =>
        Check(value, 253, value.StartsWith("*.", StringComparison.Ordinal) && IsDnsSubdomain(value.AsSpan(2)), () => Pattern(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
            "\\*\\." + SubdomainPattern, "*.example.com"));

    /// <summary>A DNS label that starts with a letter: services.</summary>
    public static IReadOnlyList<string> Dns1035Label(string value) =>
        Check(value, 63, IsDnsLabel(value, letterFirst: true), () => Pattern(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
            "[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123"));

    /// <summary>An optional DNS prefix and slash, then a name of at most 63 characters: label keys, resource names, finalizers.</summary>
    public static IReadOnlyList<string> QualifiedName(string value)
    {
        var slash = value.IndexOf('/');
        if (slash >= 0 && value.IndexOf('/', slash + 1) >= 0)
            return ["a qualified name " + QualifiedForm() + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"];
        List<string>? problems = null;
        if (slash >= 0)
        {
            var prefix = value[..slash];
            if (prefix.Length == 0) (problems ??= []).Add("prefix part must be non-empty");
            else if (Dns1123Subdomain(prefix) is { Count: > 0 } wrong) (problems ??= []).AddRange(wrong.Select(w => "prefix part " + w));
        }
        var name = value.AsSpan(slash + 1);
        if (name.Length == 0) (problems ??= []).Add("name part must be non-empty");
        else if (Encoding.UTF8.GetByteCount(name) > 63) (problems ??= []).Add("name part " + MaxLength(63));
        if (!IsQualifiedPart(name)) (problems ??= []).Add("name part " + QualifiedForm());
        return problems ?? Fine;
    }

    /// <summary>Empty, or at most 63 characters of letters, digits, <c>-_.</c> with a letter or digit at both ends.</summary>
    public static IReadOnlyList<string> LabelValue(string value) =>
        Check(value, 63, value.Length == 0 || IsQualifiedPart(value), () => Pattern(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            "(" + QualifiedPattern + ")?", "MyValue", "my_value", "12345"));

    /// <summary>v1.32's relaxed rule: printable ASCII without <c>=</c>, not empty.</summary>
    public static IReadOnlyList<string> EnvironmentVariable(string value)
    {
        if (value.Length == 0) return ["environment variable name must be non-empty"];
        foreach (var c in value)
            if (c is < ' ' or > '~' or '=') return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
        return Fine;
    }

    /// <summary>A C identifier (environment prefixes use it).</summary>
    public static IReadOnlyList<string> CIdentifier(string value)
    {
        var fine = value.Length > 0 && !char.IsAsciiDigit(value[0]) && value.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
        return fine ? Fine : [Pattern("a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'", "[A-Za-z_][A-Za-z0-9_]*", "my_name", "MY_NAME", "MyName")];
    }

    /// <summary>A key of a ConfigMap's or Secret's data.</summary>
    public static IReadOnlyList<string> ConfigKey(string value)
    {
        var wellFormed = value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        if (wellFormed && value.Length <= 253 && !value.StartsWith('.')) return Fine;
        List<string> problems = [.. Check(value, 253, wellFormed, () => Pattern("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+", "key.name", "KEY_NAME", "key-name"))];
        if (value is "." or "..") problems.Add($"must not be '{value}'");
        else if (value.StartsWith("..", StringComparison.Ordinal)) problems.Add("must not start with '..'");
        return problems;
    }

    /// <summary>An IANA service name, as a container's port may be called: at most 15 of <c>a-z0-9-</c> with a letter.</summary>
    public static IReadOnlyList<string> PortName(string value)
    {
        List<string>? problems = null;
        if (Bytes(value) > 15) (problems ??= []).Add(MaxLength(15));
        if (value.Length == 0 || !value.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            (problems ??= []).Add("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
        if (!value.Any(char.IsAsciiLetterLower)) (problems ??= []).Add("must contain at least one letter (a-z)");
        if (value.Contains("--", StringComparison.Ordinal)) (problems ??= []).Add("must not contain consecutive hyphens");
        if (value.StartsWith('-') || value.EndsWith('-')) (problems ??= []).Add("must not begin or end with a hyphen");
        return problems ?? Fine;
    }

    /// <summary>1 to 65535.</summary>
    public static IReadOnlyList<string> PortNumber(long value) => Range(value, 1, 65535);

    /// <summary>Within bounds, both included.</summary>
    public static IReadOnlyList<string> Range(long value, long low, long high) => value >= low && value <= high ? Fine : [Between(low, high)];

    /// <summary>Name of an HTTP header.</summary>
    public static IReadOnlyList<string> HttpHeader(string value) =>
        value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            ? Fine
            : [Pattern("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")];

    /// <summary>Digits and a percent sign.</summary>
    public static IReadOnlyList<string> Percent(string value) =>
        value.Length > 1 && value[^1] == '%' && value.AsSpan(0, value.Length - 1).IndexOfAnyExceptInRange('0', '9') < 0
            ? Fine
            : [Pattern("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")];

    /// <summary>What RBAC and a few others ask of a name: one path segment, nothing more.</summary>
    public static IReadOnlyList<string> PathSegment(string value, bool isPrefix)
    {
        if (!isPrefix && value is "." or "..") return [$"may not be '{value}'"];
        List<string>? problems = null;
        foreach (var illegal in (ReadOnlySpan<char>)['/', '%'])
            if (value.Contains(illegal)) (problems ??= []).Add($"may not contain '{illegal}'");
        return problems ?? Fine;
    }

    /// <summary><c>must be between 1 and 65535, inclusive</c>.</summary>
    public static string Between(long low, long high) => string.Create(CultureInfo.InvariantCulture, $"must be between {low} and {high}, inclusive");

    /// <summary><c>must be no more than 63 characters</c>.</summary>
    public static string MaxLength(int length) => string.Create(CultureInfo.InvariantCulture, $"must be no more than {length} characters");

    /// <summary>A rule in words, examples of it, and its regular expression.</summary>
    public static string Pattern(string rule, string pattern, params ReadOnlySpan<string> examples)
    {
        var text = new StringBuilder(rule).Append(" (");
        for (var i = 0; i < examples.Length; i++) text.Append(i == 0 ? "e.g. '" : " or '").Append(examples[i]).Append("', ");
        return text.Append("regex used for validation is '").Append(pattern).Append("')").ToString();
    }

    private static IReadOnlyList<string> Check(string value, int max, bool wellFormed, Func<string> form)
    {
        var tooLong = Bytes(value) > max;
        if (!tooLong && wellFormed) return Fine;
        var problems = new List<string>();
        if (tooLong) problems.Add(MaxLength(max));
        if (!wellFormed) problems.Add(form());
        return problems;
    }

    private static string QualifiedForm() =>
        Pattern("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", QualifiedPattern, "MyName", "my.name", "123-abc");

    private static int Bytes(string value) => Encoding.UTF8.GetByteCount(value);

    private static bool IsQualifiedPart(ReadOnlySpan<char> value)
    {
        if (value.Length == 0 || !char.IsAsciiLetterOrDigit(value[0]) || !char.IsAsciiLetterOrDigit(value[^1])) return false;
        foreach (var c in value)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) return false;
        return true;
    }

    private static bool IsDnsSubdomain(ReadOnlySpan<char> value)
    {
        foreach (var part in value.Split('.'))
            if (!IsDnsLabel(value[part], letterFirst: false)) return false;
        return true;
    }

    private static bool IsDnsLabel(ReadOnlySpan<char> value, bool letterFirst)
    {
        if (value.Length == 0 || value[0] == '-' || value[^1] == '-' || (letterFirst && !char.IsAsciiLetterLower(value[0]))) return false;
        foreach (var c in value)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-') return false;
        return true;
    }
}
