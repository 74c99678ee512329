using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>From the order to host a shard to the shard that runs.</summary>
internal sealed partial class ShardRegion
{
    /// <summary>What was meant for an earlier life of this member comes too late: its shards have been given to others, or will be.</summary>
    private void OnHostShard(ShardCoordination.HostShard host)
    {
        if (host.MemberEpoch == 0 || host.MemberEpoch == place.MemberEpoch(Context.System))
            OnHostShard(host.Shard, host.Epoch);
    }

    private void OnHostShard(string shard, long epoch)
    {
        var slot = directory.Slot(shard);
        if (_down || epoch < slot.Epoch)
            return;
        if (slot.Shard is not null && !_stopping.Contains(shard))
        {
            StayHome(slot, epoch);
            return;
        }

        if (_preparing.ContainsKey(shard) && epoch == slot.Epoch)
            return;
        StopPreparing(shard);
        slot.Epoch = epoch;
        if (slot.Shard is not null)
            _hostWhenStopped.Add(shard);
        else if (epoch <= slot.HandedOff)
            _coordinator?.Tell(new ShardCoordination.ShardHandedOff(shard, epoch, place.Owner(Context.System)), _front);
        else if (directory.Settings.BeforeHosting is { } prepare)
            Prepare(prepare, shard, epoch);
        else
            Host(slot);
    }

    /// <summary>It runs here already; a move that had begun was given up.</summary>
    private void StayHome(ShardSlot slot, long epoch)
    {
        _asked.Remove(slot.Id);
        StopRetryingWhenAnswered();
        lock (slot.Lock)
        {
            slot.Epoch = epoch;
            slot.Place = ShardPlace.Here;
            slot.Home = null;
            directory.DeliverBuffered(slot, Self);
        }

        Confirm(slot.Id, epoch);
    }

    private void Prepare(Func<string, CancellationToken, Task> prepare, string shard, long epoch)
    {
        var cancel = _preparing[shard] = new CancellationTokenSource();
        Task preparation;
        try
        {
            preparation = prepare(shard, cancel.Token);
        }
        catch (Exception failure)
        {
            preparation = Task.FromException(failure);
        }

        preparation.ContinueWith(done => new ReadyToHost(shard, epoch, done.Exception?.InnerException ?? (done.IsCanceled ? new OperationCanceledException() : null)), TaskScheduler.Default).PipeTo(Self);
    }

    private void OnReadyToHost(ReadyToHost ready)
    {
        var slot = directory.Slot(ready.Shard);

        // Meanwhile it may have gone elsewhere, or this member down.
        if (slot.Epoch != ready.Epoch || !_preparing.TryGetValue(ready.Shard, out var preparing) || preparing.IsCancellationRequested)
            return;
        StopPreparing(ready.Shard);
        if (ready.Failure is not null)
        {
            // The coordinator says it again until the shard runs.
            Context.System.Log.ShardNotReady(directory.TypeName, ready.Shard, ready.Failure);
            return;
        }

        Host(slot);
    }

    private void StopPreparing(string shard)
    {
        if (!_preparing.Remove(shard, out var cancel))
            return;
        cancel.Cancel();
        cancel.Dispose();
    }

    private void Host(ShardSlot slot)
    {
        _asked.Remove(slot.Id);
        StopRetryingWhenAnswered();
        lock (slot.Lock)
        {
            slot.Shard = Context.ActorOf(Props.Create(() => new Shard(directory, slot, entityProps)), Uri.EscapeDataString(slot.Id));
            slot.Place = ShardPlace.Here;
            slot.Home = null;
            directory.DeliverBuffered(slot, Self);
        }

        Confirm(slot.Id, slot.Epoch);
        directory.Settings.OnShardStarted?.Invoke(slot.Id);
        Context.System.EventStream.Publish(new ShardStarted(directory.TypeName, slot.Id));
    }

    private void Confirm(string shard, long epoch) => _coordinator?.Tell(new ShardCoordination.ShardHosted(shard, epoch, place.Owner(Context.System)), _front);
}
