namespace Orchestrator.NodeAgent.Images;

/// <summary>A container that has ended. <paramref name="Name"/> is the container's in its pod.</summary>
public sealed record DeadContainer(string Id, string PodUid, string Name, DateTimeOffset CreatedAt);

/// <summary>Which dead containers go. Pure (kubelet's container GC with its defaults: no minimum age, one per container, no limit in total).</summary>
public static class ContainerGarbage
{
    /// <summary>
    /// Of each container of a pod that still exists the newest <paramref name="keptPerContainer"/> stay, for <c>kubectl logs --previous</c> and the restart count; of a pod that is
    /// gone everything goes. Oldest first.
    /// </summary>
    public static IReadOnlyList<string> Plan(IEnumerable<DeadContainer> dead, IReadOnlySet<string> livePodUids, int keptPerContainer = 1) =>
    [
        .. dead.GroupBy(c => (c.PodUid, c.Name))
            .SelectMany(one => one.OrderByDescending(c => c.CreatedAt).Skip(livePodUids.Contains(one.Key.PodUid) ? keptPerContainer : 0))
            .OrderBy(c => c.CreatedAt)
            .Select(c => c.Id),
    ];
}
