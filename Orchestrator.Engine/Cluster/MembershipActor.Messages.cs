using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Cluster;

/// <content>What it is told, by others and by what it has under way.</content>
internal sealed partial class MembershipActor
{
    /// <summary>Something may have changed, or it is time to renew.</summary>
    internal sealed class LookAgain
    {
        private LookAgain()
        {
        }

        public static LookAgain Instance { get; } = new();
    }

    /// <summary>Tell the others that this member leaves; answered with <see cref="Done"/>.</summary>
    internal sealed class Leave
    {
        private Leave()
        {
        }

        public static Leave Instance { get; } = new();
    }

    /// <summary>This member has left; answered with <see cref="Done"/>.</summary>
    internal sealed class Remove
    {
        private Remove()
        {
        }

        public static Remove Instance { get; } = new();
    }

    /// <summary>A member's process is gone, somebody says.</summary>
    internal sealed record Unreachable(string MemberId);

    private sealed class Join
    {
        public const string Step = "join";

        private Join()
        {
        }

        public static Join Instance { get; } = new();
    }

    private sealed class StillRunning
    {
        public const string Step = "stop everything";

        private StillRunning()
        {
        }

        public static StillRunning Instance { get; } = new();
    }

    private sealed record Joined(long? Epoch, long StartedAt);

    private sealed record Beaten(MembershipView View, long Epoch, long StartedAt)
    {
        public const string Step = "renew its lease";
    }

    private sealed record Downed(IReadOnlyList<string> Ids)
    {
        public const string Step = "declare others down";
    }

    private sealed record Failed(string Step, Exception Cause);

    private sealed record Expired(long Epoch);

    private sealed record Removed(IActorRef Asker);
}
