namespace Orchestrator.Api.Backups;

/// <summary>
/// Where resource versions go on after a restore. The cluster that was backed up has given out versions since, and clients remember them: one that is given out again, for another
/// change, would make a watch go on as if nothing had been missed. So the restored cluster goes on above all of them, and a watch from before gets 410 Gone, as etcd's restore does it
/// (<c>--bump-revision</c>, <c>--mark-compacted</c>). Objects keep their versions.
/// </summary>
internal static class RestoredHead
{
    /// <summary>For clocks that are wrong: more than a cluster writes in the lifetime of a backup (a month at 400 per second).</summary>
    private const long LeastDistance = 1_000_000_000;

    /// <summary>
    /// The microseconds since 1970: above the version of any cluster that has written less than a million times a second since then, above the head of any restore before, and exact in a
    /// double, which some clients put it into.
    /// </summary>
    public static long After(long resourceVersion, DateTimeOffset now) => Math.Max((now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, resourceVersion + LeastDistance);
}
