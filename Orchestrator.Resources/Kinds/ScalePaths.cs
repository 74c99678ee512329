namespace Orchestrator.Resources.Kinds;

/// <summary>Where an object keeps what its <c>scale</c> subresource shows, as field names from the root.</summary>
/// <param name="Spec">The replicas that are wanted.</param>
/// <param name="Status">The replicas there are.</param>
/// <param name="Selector">The selector of the pods: a LabelSelector, a plain map, or its text; empty where there is none.</param>
public sealed record ScalePaths(IReadOnlyList<string> Spec, IReadOnlyList<string> Status, IReadOnlyList<string> Selector)
{
    /// <summary>Where every built-in kind keeps them.</summary>
    public static ScalePaths BuiltIn { get; } = new(["spec", "replicas"], ["status", "replicas"], ["spec", "selector"]);
}
