using System.Text.Json.Nodes;

namespace Orchestrator.Api.Security;

/// <summary>What a request wants to do: either a verb on a resource, or a verb on a path.</summary>
public sealed record AccessAttributes(string Verb)
{
    /// <summary>Whether <see cref="Resource"/> is asked for, else <see cref="Path"/>.</summary>
    public bool IsResource { get; init; }

    /// <summary>API group, empty for core.</summary>
    public string Group { get; init; } = "";

    /// <summary>Plural resource name.</summary>
    public string Resource { get; init; } = "";

    /// <summary>Subresource, or empty.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Namespace, or empty for cluster-scoped resources and for all namespaces.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Object name, or empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>URL path of a request that is not for a resource.</summary>
    public string Path { get; init; } = "";
}

/// <summary>An authoriser's answer; the reason is shown to administrators only in reviews.</summary>
public readonly record struct AccessDecision(bool Allowed, string Reason);

/// <summary>Decides whether a user may do something. Nothing is allowed that no rule grants.</summary>
public interface IAuthorizer
{
    /// <summary>Decides one request.</summary>
    AccessDecision Authorize(UserInfo user, AccessAttributes attributes);

    /// <summary>What the user may do in a namespace, as the resource rules and the path rules of a SelfSubjectRulesReview.</summary>
    (IReadOnlyList<JsonObject> Resources, IReadOnlyList<JsonObject> Paths) RulesFor(UserInfo user, string ns);
}
