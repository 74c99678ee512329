using System.Globalization;
using Orchestrator.Actors.Caching;

namespace Orchestrator.Actors.Namespaces;

/// <summary>What is left in a namespace that is being deleted, and what that means for its conditions.</summary>
/// <param name="Remaining">Every object in it.</param>
public sealed record NamespaceContent(IReadOnlyList<ResourceEntry> Remaining)
{
    /// <summary>Objects that nobody has asked to go yet.</summary>
    public IEnumerable<ResourceEntry> ToDelete => Remaining.Where(e => !e.Header.Deleting);

    /// <summary>The five deletion conditions, in Kubernetes' order, as (type, status, reason, message).</summary>
    /// <param name="failure">Why content could not be deleted, or null.</param>
    public IReadOnlyList<(string Type, string Status, string Reason, string Message)> Conditions(string? failure) =>
    [
        ("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"),
        ("NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
        failure is null
            ? ("NamespaceDeletionContentFailure", "False", "ContentDeleted", "All content successfully deleted, may be waiting on finalization")
            : ("NamespaceDeletionContentFailure", "True", "ContentDeletionFailed", $"Failed to delete all resource types, 1 remaining: {failure}"),
        Remaining.Count == 0
            ? ("NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed")
            : ("NamespaceContentRemaining", "True", "SomeResourcesRemain", $"Some resources are remaining: {Instances(Remaining.Select(e => e.Key.Resource), "has")}"),
        Finalizers.Count == 0
            ? ("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished")
            : ("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", $"Some content in the namespace has finalizers remaining: {Instances(Finalizers, "in")}"),
    ];

    private List<string> Finalizers => [.. Remaining.SelectMany(e => e.Header.Finalizers)];

    /// <summary><c>pods. has 2 resource instances, secrets. has 1 resource instances</c>: upstream writes a resource as plural, dot, group.</summary>
    private static string Instances(IEnumerable<string> names, string verb) => string.Join(", ", names
        .GroupBy(n => n, StringComparer.Ordinal)
        .OrderBy(g => g.Key, StringComparer.Ordinal)
        .Select(g => string.Create(CultureInfo.InvariantCulture, $"{(verb == "has" && !g.Key.Contains('.') ? g.Key + "." : g.Key)} {verb} {g.Count()} resource instances")));
}
