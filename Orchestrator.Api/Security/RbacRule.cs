using System.Text.Json.Nodes;

namespace Orchestrator.Api.Security;

/// <summary>One rbac.authorization.k8s.io/v1 PolicyRule, read for evaluation.</summary>
internal sealed record RbacRule(IReadOnlyList<string> Verbs, IReadOnlyList<string> Groups, IReadOnlyList<string> Resources, IReadOnlyList<string> Names, IReadOnlyList<string> Urls)
{
    public static RbacRule From(JsonObject rule) =>
        new(Texts(rule["verbs"]), Texts(rule["apiGroups"]), Texts(rule["resources"]), Texts(rule["resourceNames"]), Texts(rule["nonResourceURLs"]));

    /// <summary>Every verb on every resource.</summary>
    public static RbacRule Everything { get; } = new(["*"], ["*"], ["*"], [], []);

    /// <summary>Every verb on every path.</summary>
    public static RbacRule EveryPath { get; } = new(["*"], [], [], [], ["*"]);

    /// <summary>As an authorization.k8s.io ResourceRule.</summary>
    public JsonObject ToResourceJson()
    {
        var json = new JsonObject { ["verbs"] = Json(Verbs), ["apiGroups"] = Json(Groups), ["resources"] = Json(Resources) };
        if (Names.Count > 0) json["resourceNames"] = Json(Names);
        return json;
    }

    /// <summary>As an authorization.k8s.io NonResourceRule.</summary>
    public JsonObject ToPathJson() => new() { ["verbs"] = Json(Verbs), ["nonResourceURLs"] = Json(Urls) };

    /// <summary>Whether the rule grants what is asked for (upstream's RuleAllows).</summary>
    public bool Grants(AccessAttributes wanted)
    {
        if (!Verbs.Contains("*") && !Verbs.Contains(wanted.Verb)) return false;
        if (!wanted.IsResource) return Urls.Any(url => url == "*" || url == wanted.Path || (url.EndsWith('*') && wanted.Path.StartsWith(url[..^1], StringComparison.Ordinal)));
        return (Groups.Contains("*") || Groups.Contains(wanted.Group))
            && (Names.Count == 0 || Names.Contains(wanted.Name))
            && Resources.Any(resource => Covers(resource, wanted));
    }

    /// <summary>The rule in its smallest parts: one verb on one resource (by one name, where it is by names), or on one path.</summary>
    public IEnumerable<RbacRule> Parts()
    {
        foreach (var verb in Verbs)
        {
            foreach (var group in Groups)
                foreach (var resource in Resources)
                    if (Names.Count == 0) yield return new RbacRule([verb], [group], [resource], [], []);
                    else foreach (var name in Names) yield return new RbacRule([verb], [group], [resource], [name], []);
            foreach (var url in Urls) yield return new RbacRule([verb], [], [], [], [url]);
        }
    }

    /// <summary>Whether whoever has this rule has that part (see <see cref="Parts"/>) of one too (upstream's ruleCovers).</summary>
    public bool Covers(RbacRule part)
    {
        if (!Verbs.Contains("*") && !Verbs.Contains(part.Verbs[0])) return false;
        if (part.Urls is [var path]) return Urls.Any(url => url == "*" || url == path || (url.EndsWith('*') && path.StartsWith(url[..^1], StringComparison.Ordinal)));
        return (Groups.Contains("*") || Groups.Contains(part.Groups[0]))
            && Resources.Any(r => r == "*" || r == part.Resources[0] || (r.StartsWith("*/", StringComparison.Ordinal) && part.Resources[0].EndsWith(r[1..], StringComparison.Ordinal)))
            && (Names.Count == 0 || (part.Names is [var name] && Names.Contains(name)));
    }

    /// <summary>As upstream prints a rule.</summary>
    public string Print()
    {
        var parts = new List<string>();
        foreach (var (name, values) in (ReadOnlySpan<(string, IReadOnlyList<string>)>)[("APIGroups", Groups), ("Resources", Resources), ("NonResourceURLs", Urls), ("ResourceNames", Names), ("Verbs", Verbs)])
            if (values.Count > 0) parts.Add($"{name}:[{string.Join(' ', values.Select(v => $"\"{v}\""))}]");
        return $"{{{string.Join(", ", parts)}}}";
    }

    private static bool Covers(string resource, AccessAttributes wanted)
    {
        if (resource == "*") return true;
        if (wanted.Subresource.Length == 0) return resource == wanted.Resource;
        return resource == $"{wanted.Resource}/{wanted.Subresource}" || resource == $"*/{wanted.Subresource}";
    }

    private static JsonArray Json(IReadOnlyList<string> values) => new([.. values.Select(v => (JsonNode)v)]);

    private static IReadOnlyList<string> Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(v => (string?)v ?? "")];
}
