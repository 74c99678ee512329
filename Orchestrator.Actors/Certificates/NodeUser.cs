namespace Orchestrator.Actors.Certificates;

/// <summary>How a node's agent is named, as upstream names its kubelets: user <c>system:node:NAME</c> in group <c>system:nodes</c>.</summary>
public static class NodeUser
{
    /// <summary>What users that are nodes begin with.</summary>
    public const string Prefix = "system:node:";

    /// <summary>Their group.</summary>
    public const string Group = "system:nodes";

    /// <summary>A node's user.</summary>
    public static string Of(string node) => Prefix + node;

    /// <summary>The node that the user is; null for anybody else.</summary>
    public static string? NodeOf(string user, IEnumerable<string> groups) =>
        user.Length > Prefix.Length && user.StartsWith(Prefix, StringComparison.Ordinal) && groups.Contains(Group) ? user[Prefix.Length..] : null;
}
