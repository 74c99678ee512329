using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// One move of one shard: every region holds its messages back, then the home stops it. One deadline, one reply to the coordinator.
/// <code>
///   WaitingForRegions ──all acknowledged or gone──▶ WaitingForHome ──stopped or gone──▶ Finished
/// </code>
/// </summary>
internal sealed class HandOffWorker(string typeName, string shard, IActorRef home, IReadOnlyList<IActorRef> regions, TimeSpan handOffTimeout) : UntypedActor, IWithTimers
{
    /// <summary>To the coordinator: nobody runs the shard any more.</summary>
    public sealed record Finished(string Shard);

    private sealed record Late;

    private readonly HashSet<IActorRef> _waitingFor = [.. regions];

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        // The home stops stragglers by force at its own timeout; this deadline is only for telling that it is late. A shard is never started elsewhere
        // while its old home lives and has not confirmed: two writers are worse than a late one.
        Timers.StartPeriodicTimer(nameof(Late), new Late(), handOffTimeout * 2);
        foreach (var region in regions)
        {
            Context.Watch(region);
            region.Tell(new ShardCoordination.BeginHandOff(shard), Self);
        }
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ShardCoordination.BeginHandOffAck ack:
                RegionReady(ack.Region);
                break;
            case Terminated gone when gone.ActorRef.Equals(home):
                Finish();
                break;
            case Terminated gone:
                RegionReady(gone.ActorRef);
                break;
            case ShardCoordination.HandOffDone:
                Finish();
                break;
            case Late:
                Context.System.Log.HandOffLate(typeName, shard, handOffTimeout * 2);
                home.Tell(new ShardCoordination.HandOff(shard), Self);
                break;
        }
    }

    private void RegionReady(IActorRef region)
    {
        if (_waitingFor.Remove(region) && _waitingFor.Count == 0)
            home.Tell(new ShardCoordination.HandOff(shard), Self);
    }

    private void Finish()
    {
        Context.Parent.Tell(new Finished(shard), Self);
        Context.Stop(Self);
    }
}
