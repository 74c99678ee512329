namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// Why a node does not take a pod, in the words users know. Plugins keep and hand out the same object for the same reasons, so a
/// refusal allocates nothing and a histogram can count by reference.
/// </summary>
/// <param name="Plugin">The plugin that refused.</param>
/// <param name="Unresolvable">True where removing pods from the node could not change the verdict (UnschedulableAndUnresolvable).</param>
/// <param name="Reasons">One or more reasons; each is counted on its own.</param>
public sealed record FilterStatus(string Plugin, bool Unresolvable, IReadOnlyList<string> Reasons)
{
    /// <summary>A refusal for one reason.</summary>
    public FilterStatus(string plugin, bool unresolvable, string reason) : this(plugin, unresolvable, [reason]) { }
}
