namespace Orchestrator.Resources.Naming;

/// <summary>
/// What a kind asks of its objects' names: answers with what is wrong, or empty. <paramref name="isPrefix"/> is set for a
/// <c>generateName</c>, to which characters will be appended.
/// </summary>
public delegate IReadOnlyList<string> NameRule(string name, bool isPrefix);

/// <summary>The name rules in use (k8s.io/apimachinery/pkg/api/validation).</summary>
public static class NameRules
{
    /// <summary>Most kinds.</summary>
    public static NameRule DnsSubdomain { get; } = (name, isPrefix) => NameFormats.Dns1123Subdomain(Masked(name, isPrefix));

    /// <summary>Namespaces.</summary>
    public static NameRule DnsLabel { get; } = (name, isPrefix) => NameFormats.Dns1123Label(Masked(name, isPrefix));

    /// <summary>Services.</summary>
    public static NameRule Dns1035Label { get; } = (name, isPrefix) => NameFormats.Dns1035Label(Masked(name, isPrefix));

    /// <summary>Roles, their bindings, and events: whatever fits into a URL's path.</summary>
    public static NameRule PathSegment { get; } = NameFormats.PathSegment;

    /// <summary>A prefix may end in a dash, since something follows it.</summary>
    private static string Masked(string name, bool isPrefix) => isPrefix && name.Length > 1 && name[^1] == '-' ? name[..^2] + "a" : name;
}
