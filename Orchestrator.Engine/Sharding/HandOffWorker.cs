using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// One move of one shard: every region holds its messages back, then the home stops it. One deadline, one reply to the coordinator. What may have been lost on the way is said again.
/// <code>
///   WaitingForRegions ──all acknowledged or gone──▶ WaitingForHome ──stopped or gone──▶ Finished
///           └──one does not answer in time──▶ Finished, with nothing stopped
/// </code>
/// </summary>
internal sealed class HandOffWorker(string typeName, ShardAssignment assignment, IActorRef home, IReadOnlyList<IActorRef> regions, ClusterShardingSettings settings) : UntypedActor, IWithTimers
{
    /// <summary>To the coordinator: nobody runs the shard any more; or, not <paramref name="Stopped"/>, it was left where it is.</summary>
    public sealed record Finished(string Shard, bool Stopped);

    /// <summary>From the coordinator: the life of the member that has it is over, and with it all that it may have under way.</summary>
    public sealed record HomeIsDown;

    private sealed record Late;

    private sealed record Repeat;

    private readonly HashSet<IActorRef> _waitingFor = [.. regions];

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(nameof(Late), new Late(), settings.HandOffTimeout * 2);
        Timers.StartPeriodicTimer(nameof(Repeat), new Repeat(), settings.RetryInterval);
        foreach (var region in regions)
            Context.Watch(region);
        Say();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ShardCoordination.BeginHandOffAck ack:
                RegionReady(ack.Region);
                break;
            case Terminated gone when gone.ActorRef.Equals(home):
                // Another process that is not there any more may still have a write on its way to the database, until its member is declared down: only its own word counts.
                if (gone.ExistenceConfirmed || home is not RemoteActorRef)
                    Finish(stopped: true);
                else
                    RegionReady(home);
                break;
            case HomeIsDown:
                Finish(stopped: true);
                break;
            case Terminated gone:
                RegionReady(gone.ActorRef);
                break;
            case ShardCoordination.HandOffDone:
                Finish(stopped: true);
                break;
            case Repeat:
                Say();
                break;
            case Late:
                OnLate();
                break;
        }
    }

    /// <summary>Receivers take each of these any number of times.</summary>
    private void Say()
    {
        if (_waitingFor.Count == 0)
        {
            home.Tell(new ShardCoordination.HandOff(assignment.Shard, assignment.Epoch), Self);
            return;
        }

        foreach (var region in _waitingFor)
            region.Tell(new ShardCoordination.BeginHandOff(assignment.Shard, assignment.Epoch), Self);
    }

    private void RegionReady(IActorRef region)
    {
        if (_waitingFor.Remove(region) && _waitingFor.Count == 0)
            Say();
    }

    private void OnLate()
    {
        Context.System.Log.HandOffLate(typeName, assignment.Shard, settings.HandOffTimeout * 2);
        if (_waitingFor.Count > 0)
            Finish(stopped: false);

        // The home stops stragglers by force at its own timeout. A shard is never started elsewhere while its old home lives and has not confirmed: two writers are
        // worse than a late one.
    }

    private void Finish(bool stopped)
    {
        Context.Parent.Tell(new Finished(assignment.Shard, stopped), Self);
        Context.Stop(Self);
    }
}
