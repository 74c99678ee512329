using System.Collections.Immutable;
using Orchestrator.Engine.Sharding;

namespace Orchestrator.Engine.Cluster;

/// <summary>Members' rows, leases and shards in memory, by a clock of its own: for tests of several members in one process, and for a cluster that is one process.</summary>
public sealed class MemoryMemberStore(TimeProvider time) : IMemberStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (MemberRow Row, DateTimeOffset LeaseUntil)> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LeaseRow> _leases = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Type, string Shard), ShardAssignment> _shards = [];
    private readonly HashSet<string> _cutOff = new(StringComparer.Ordinal);
    private ImmutableArray<Action> _watchers = [];
    private long _epochs;
    private long _leaseEpochs;

    /// <summary>Called with id and epoch, before the change is seen, when a life may write no more.</summary>
    public Action<string, long>? OnFenced { get; set; }

    /// <summary>The member cannot reach the store, or can again.</summary>
    public void CutOff(string id, bool cutOff = true)
    {
        lock (_lock) _ = cutOff ? _cutOff.Add(id) : _cutOff.Remove(id);
    }

    /// <inheritdoc/>
    public ValueTask<long?> JoinAsync(MembershipSettings me, Guid instance, bool takeOver, CancellationToken cancel) => Do<long?>(me.Id, () =>
    {
        if (_members.TryGetValue(me.Id, out var old))
        {
            if (!takeOver && old.Row.Instance != instance && MembershipRules.IsLive(old.Row.Status) && old.LeaseUntil > Now) return null;
            OnFenced?.Invoke(me.Id, old.Row.Epoch);
        }
        var row = new MemberRow(me.Id, instance, me.Address, [.. me.Roles], ++_epochs, MemberStatus.Joining, false);
        _members[me.Id] = (row, Now + me.Lease);
        return row.Epoch;
    });

    /// <inheritdoc/>
    public ValueTask<bool> UpAsync(string id, long epoch, CancellationToken cancel) => Do(id, () => Become(id, epoch, MemberStatus.Up, MemberStatus.Joining));

    /// <inheritdoc/>
    public ValueTask<MembershipView> BeatAsync(string id, long epoch, TimeSpan lease, IReadOnlyCollection<string> wanted, IReadOnlyCollection<long> unheard, CancellationToken cancel)
    {
        var changed = false;
        return Do(id, () =>
        {
            if (_members.TryGetValue(id, out var member) && member.Row.Epoch == epoch && MembershipRules.IsLive(member.Row.Status))
            {
                if (member.Row.Status == MemberStatus.Up)
                {
                    foreach (var name in wanted.Where(name => !IsHeld(name)))
                    {
                        _leases[name] = new LeaseRow(name, id, epoch, ++_leaseEpochs);
                        changed = true;
                    }
                }
                _members[id] = (member.Row with { Unheard = [.. unheard] }, Now + lease);
            }
            return new MembershipView(
                [.. _members.Values.Select(each => each.Row with { Expired = each.LeaseUntil <= Now }).OrderBy(row => row.Id, StringComparer.Ordinal)],
                [.. _leases.Values.Where(each => IsHeld(each.Name)).OrderBy(each => each.Name, StringComparer.Ordinal)]);
        }, () => changed);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> DownAsync(string id, long epoch, IReadOnlyList<MemberRow> expired, IReadOnlyList<MemberRow> cutOff, TimeSpan keep, CancellationToken cancel) => Do<IReadOnlyList<string>>(id, () =>
    {
        CheckLeader(id, epoch);
        var downed = new List<string>();
        foreach (var target in expired.Concat(cutOff))
        {
            if (!_members.TryGetValue(target.Id, out var member) || member.Row.Epoch != target.Epoch || (!cutOff.Contains(target) && member.LeaseUntil > Now)) continue;
            OnFenced?.Invoke(target.Id, target.Epoch);
            if (Become(target.Id, target.Epoch, MemberStatus.Down, MemberStatus.Joining, MemberStatus.Up, MemberStatus.Leaving)) downed.Add(target.Id);
        }
        foreach (var (old, _) in _members.Values.Where(each => each.Row.Status == MemberStatus.Down && each.LeaseUntil < Now - keep).ToArray()) _members.Remove(old.Id);
        return downed;
    });

    /// <inheritdoc/>
    public async ValueTask LeavingAsync(string id, long epoch, CancellationToken cancel) =>
        await Do(id, () => Become(id, epoch, MemberStatus.Leaving, MemberStatus.Joining, MemberStatus.Up)).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(string id, long epoch, CancellationToken cancel) => await Do(id, () =>
    {
        if (!_members.TryGetValue(id, out var member) || member.Row.Epoch != epoch) return false;
        OnFenced?.Invoke(id, epoch);
        return _members.Remove(id);
    }).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask ReportUnreachableAsync(string id, long epoch, CancellationToken cancel) => await Do(null, () =>
    {
        if (!_members.TryGetValue(id, out var member) || member.Row.Epoch != epoch || member.LeaseUntil <= Now) return false;
        _members[id] = (member.Row, Now);
        return true;
    }).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask ReleaseAsync(string name, string id, long epoch, CancellationToken cancel) => await Do(id, () =>
        _leases.TryGetValue(name, out var lease) && lease.Owner == id && lease.OwnerEpoch == epoch && _leases.Remove(name)).ConfigureAwait(false);

    /// <inheritdoc/>
    public IDisposable OnChange(Action changed)
    {
        ImmutableInterlocked.Update(ref _watchers, (all, added) => all.Add(added), changed);
        return new Watch(this, changed);
    }

    /// <summary>The shards as this member may change them; <paramref name="epoch"/> tells its present life.</summary>
    public IShardStore Shards(string memberId, Func<long> epoch) => new MemberShards(this, memberId, epoch);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>One transaction of <paramref name="who"/>, then a hint to everybody unless <paramref name="changed"/> says that there is nothing to see.</summary>
    private ValueTask<T> Do<T>(string? who, Func<T> transaction, Func<bool>? changed = null)
    {
        T result;
        lock (_lock)
        {
            if (who is not null && _cutOff.Contains(who)) return ValueTask.FromException<T>(new IOException($"{who} cannot reach the store."));
            try
            {
                result = transaction();
            }
            catch (NotLeaderException error)
            {
                return ValueTask.FromException<T>(error);
            }
        }
        if (changed?.Invoke() != false)
            foreach (var watcher in _watchers) watcher();
        return ValueTask.FromResult(result);
    }

    private bool Become(string id, long epoch, MemberStatus status, params ReadOnlySpan<MemberStatus> from)
    {
        if (!_members.TryGetValue(id, out var member) || member.Row.Epoch != epoch || !from.Contains(member.Row.Status)) return false;
        _members[id] = (member.Row with { Status = status }, member.LeaseUntil);
        return true;
    }

    private bool IsHeld(string name) => _leases.TryGetValue(name, out var lease) && _members.TryGetValue(lease.Owner, out var owner) && owner.Row.Epoch == lease.OwnerEpoch
        && owner.Row.Status is MemberStatus.Up or MemberStatus.Leaving && (name != MembershipView.LeaderLease || owner.LeaseUntil > Now);

    private void CheckLeader(string id, long epoch)
    {
        var leads = _leases.TryGetValue(MembershipView.LeaderLease, out var lease) && lease.Owner == id && lease.OwnerEpoch == epoch
            && _members.TryGetValue(id, out var member) && member.Row.Epoch == epoch && member.Row.Status is MemberStatus.Up or MemberStatus.Leaving;
        if (!leads) throw new NotLeaderException($"{id} does not lead at epoch {epoch}.");
    }

    private sealed class Watch(MemoryMemberStore store, Action changed) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref store._watchers, (all, gone) => all.Remove(gone), changed);
    }

    private sealed class MemberShards(MemoryMemberStore store, string memberId, Func<long> epoch) : IShardStore
    {
        public ValueTask<IReadOnlyList<ShardAssignment>> LoadAsync(string typeName, CancellationToken cancel) => store.Do<IReadOnlyList<ShardAssignment>>(memberId, () =>
            [.. store._shards.Where(shard => shard.Key.Type == typeName).Select(shard => shard.Value)], () => false);

        public ValueTask<IReadOnlyList<ShardAssignment>> AssignAsync(string typeName, IReadOnlyCollection<string> shards, string owner, CancellationToken cancel) =>
            store.Do<IReadOnlyList<ShardAssignment>>(memberId, () =>
            {
                store.CheckLeader(memberId, epoch());
                var assigned = new List<ShardAssignment>();
                foreach (var shard in shards)
                {
                    var next = store._shards.GetValueOrDefault((typeName, shard)).Epoch + 1;
                    assigned.Add(store._shards[(typeName, shard)] = new ShardAssignment(shard, owner, next));
                }
                return assigned;
            }, () => false);
    }
}
