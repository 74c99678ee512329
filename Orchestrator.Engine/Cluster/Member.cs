using System.Collections.Immutable;

namespace Orchestrator.Engine.Cluster;

/// <summary>Life of a member.</summary>
public enum MemberStatus
{
    /// <summary>Known, not yet up.</summary>
    Joining,

    /// <summary>Takes part.</summary>
    Up,

    /// <summary>Will hand over and go.</summary>
    Leaving,

    /// <summary>Is handing over.</summary>
    Exiting,

    /// <summary>Declared dead: it may write nothing any more.</summary>
    Down,

    /// <summary>Gone for good.</summary>
    Removed,
}

/// <summary>One process of the cluster. <paramref name="Epoch"/> tells a member's lives apart: each join has a higher one (Akka's uid).</summary>
public sealed record Member(string Id, string Address, long Epoch, MemberStatus Status, ImmutableHashSet<string> Roles)
{
    /// <summary>Whether it has that role.</summary>
    public bool HasRole(string role) => Roles.Contains(role);

    /// <summary>Same id, address and epoch: the same life of the same member, whatever its status.</summary>
    public bool Equals(Member? other) => other is not null && Id == other.Id && Address == other.Address && Epoch == other.Epoch;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Epoch);
}

/// <summary>What subscribers of <see cref="Cluster"/> get.</summary>
public static class ClusterEvent
{
    /// <summary>A change of one member.</summary>
    public interface IMemberEvent
    {
        /// <summary>With its new status.</summary>
        Member Member { get; }
    }

    /// <summary>First message of a subscription: everybody as of now.</summary>
    public sealed record CurrentClusterState(ImmutableArray<Member> Members, Member? Leader);

    /// <summary>It was seen for the first time.</summary>
    public sealed record MemberJoined(Member Member) : IMemberEvent;

    /// <summary>It takes part.</summary>
    public sealed record MemberUp(Member Member) : IMemberEvent;

    /// <summary>It is leaving.</summary>
    public sealed record MemberLeft(Member Member) : IMemberEvent;

    /// <summary>It hands over.</summary>
    public sealed record MemberExited(Member Member) : IMemberEvent;

    /// <summary>It was declared dead.</summary>
    public sealed record MemberDowned(Member Member) : IMemberEvent;

    /// <summary>It is gone.</summary>
    public sealed record MemberRemoved(Member Member, MemberStatus PreviousStatus) : IMemberEvent;

    /// <summary>Somebody else leads, or nobody.</summary>
    public sealed record LeaderChanged(Member? Leader);
}
