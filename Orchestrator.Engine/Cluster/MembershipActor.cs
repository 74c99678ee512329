using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;

namespace Orchestrator.Engine.Cluster;

/// <summary>
/// Keeps one member in the cluster. One beat is on its way at a time; what arrives meanwhile asks for another.
/// <code>
///   Joining ──epoch, onJoined, up──▶ Live ──Leave──▶ Live (leaving) ──Remove──▶ Gone
///      ▲                              │ row down or gone, or lease over by our own clock
///      └──everything above stopped── Over
/// </code>
/// It comes up when it is connected with everybody who is, so that it shares no work that it cannot talk about. When the connections between living members fail, those who lack most of
/// the others are declared down; they find themselves in Joining again until the connections are back. A leader that is to go first gives up the lead.
/// </summary>
internal sealed partial class MembershipActor : ReceiveActor, IWithTimers
{
    private const string ComeUp = "come up";

    private readonly MembershipSettings _me;
    private readonly IMemberStore _store;
    private readonly Cluster _cluster;
    private readonly LeaseClaims _claims;
    private readonly MembershipState _state;
    private readonly Func<long, Task> _onJoined;
    private readonly ClusterLog _log;
    private readonly Guid _instance = Guid.NewGuid();
    private readonly Dictionary<long, long> _seenSince = [];
    private IDisposable? _hints;
    private long _epoch;
    private bool _beating;
    private bool _beatAgain;
    private bool _downing;
    private long _lastDowning;
    private bool _leaving;
    private bool _comingUp;
    private bool _yields;
    private ImmutableArray<(long Of, long By)> _complaints = [];
    private long _complaintsSince;
    private IReadOnlyList<MemberRow> _seen = [];

    public MembershipActor(MembershipSettings me, IMemberStore store, Cluster cluster, LeaseClaims claims, MembershipState state, Func<long, Task> onJoined)
    {
        (_me, _store, _cluster, _claims, _state, _onJoined) = (me, store, cluster, claims, state, onJoined);
        _log = new ClusterLog(Context.System.LoggerFactory.CreateLogger("Orchestrator.Engine.Cluster"));
        Receive<Join>(_ => OnJoin());
        Receive<Joined>(OnJoined);
        Receive<Failed>(failed => failed.Step == Join.Step, OnJoinFailed);
        Receive<StillRunning>(_ => StopEverything());
        Receive<Failed>(failed => failed.Step == StillRunning.Step, OnNotStopped);
        Receive<LookAgain>(_ => Beat());
        Receive<Fenced>(_ => Beat());
        Receive<Beaten>(OnBeaten);
        Receive<Failed>(failed => failed.Step == Beaten.Step, OnBeatFailed);
        Receive<Downed>(OnDowned);
        Receive<Failed>(failed => failed.Step == Downed.Step, OnDownFailed);
        Receive<Failed>(failed =>
        {
            _comingUp &= failed.Step != ComeUp;
            _log.StepFailed(_me.Id, failed.Step, failed.Cause);
        });
        Receive<Expired>(expired => expired.Epoch == _epoch, _ => End("its lease could not be renewed in time"));
        Receive<Expired>(_ => { });
        Receive<Unreachable>(OnUnreachable);
        Receive<Leave>(_ => OnLeave());
        Receive<Remove>(_ => OnRemove());
        Receive<Removed>(removed => OnRemoved(removed.Asker));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private bool IsLive => _epoch != 0;

    protected override void PreStart()
    {
        var self = Self;
        _hints = _store.OnChange(() => self.Tell(LookAgain.Instance, ActorRefs.NoSender));
        Context.System.EventStream.Subscribe(Self, typeof(Fenced));
        OnJoin();
    }

    protected override void PostStop() => _hints?.Dispose();

    /// <summary>The first life takes over from a process that was killed and started again; later ones give way, or two with the same id would end each other for ever.</summary>
    private void OnJoin()
    {
        if (_leaving || IsLive) return;
        var (startedAt, takeOver) = (Now, _state.Epoch == 0);
        _store.JoinAsync(_me, _instance, takeOver, Within(_me.Lease)).PipeTo(Self, null, epoch => new Joined(epoch, startedAt), cause => new Failed(Join.Step, cause));
    }

    private void OnJoinFailed(Failed failed)
    {
        _log.StepFailed(_me.Id, failed.Step, failed.Cause);
        Timers.StartSingleTimer(nameof(Join), Join.Instance, _me.Interval);
    }

    private void OnJoined(Joined joined)
    {
        if (joined.Epoch is not { } epoch)
        {
            _log.AnotherProcess(_me.Id);
            Timers.StartSingleTimer(nameof(Join), Join.Instance, _me.Interval);
            return;
        }
        _epoch = epoch;
        _state.Epoch = epoch;
        _cluster.SelfIs(new Member(_me.Id, _me.Address, epoch, MemberStatus.Joining, _me.Roles));
        _log.Joined(_me.Id, epoch);
        _comingUp = false;
        if (!Renewed(joined.StartedAt)) return;
        Timers.StartPeriodicTimer(nameof(LookAgain), LookAgain.Instance, _me.Interval);
        Beat();
    }

    private async Task ComeUpAsync(long epoch)
    {
        await _onJoined(epoch).ConfigureAwait(false);
        await _store.UpAsync(_me.Id, epoch, Within(_me.Lease)).ConfigureAwait(false);
    }

    private void Beat()
    {
        if (!IsLive) return;
        _beatAgain = _beating;
        if (_beating) return;
        _beating = true;
        var (epoch, startedAt) = (_epoch, Now);
        _store.BeatAsync(_me.Id, epoch, _me.Lease, _yields ? _claims.Wanted : [MembershipView.LeaderLease, .. _claims.Wanted], Unheard(), Within(_me.Interval))
            .PipeTo(Self, null, view => new Beaten(view, epoch, startedAt), cause => new Failed(Beaten.Step, cause));
    }

    private void OnBeaten(Beaten beaten)
    {
        _beating = false;
        if (beaten.Epoch != _epoch)
        {
            Beat();
            return;
        }
        var view = beaten.View;
        switch (MembershipRules.Judge(view, _me.Id, _epoch, _instance))
        {
            case MembershipRules.Verdict.Over:
                End("it was declared down");
                return;
            case MembershipRules.Verdict.Replaced:
                End("another process has joined under its id");
                return;
        }
        if (!Renewed(beaten.StartedAt)) return;
        Look(view);
        foreach (var change in MembershipRules.Changes(_cluster.State.Members, view)) _cluster.Update(change);
        if (_cluster.SelfMember.Status != MemberStatus.Joining) _state.ValidUntil(EndOf(beaten.StartedAt));
        if (_cluster.SelfMember.Status == MemberStatus.Up) _state.Up.TrySetResult();
        _cluster.LeaderIs(view.Leader is { } leader ? MembershipRules.ToMember(leader) : null);
        HoldLeases(view);
        if (_cluster.SelfMember.Status == MemberStatus.Joining) TryUp(view);
        if (view.Leader is { } me && me.Id == _me.Id)
        {
            if (_yields) GiveUpTheLead();
            else DownExpired(view);
        }
        if (_beatAgain) Beat();
    }

    /// <summary>A life that was just seen for the first time is given the time that it needs to be heard of.</summary>
    private void Look(MembershipView view)
    {
        if (MembershipRules.Complaints(view) is var complaints && !complaints.SequenceEqual(_complaints)) (_complaints, _complaintsSince) = (complaints, Now);
        _yields = IsSettled && MembershipRules.Connected(view) is { IsEmpty: false } connected && !connected.Contains(_me.Id);
        _seen = [.. MembershipRules.ToMeet(view, _me.Id)];
        var epochs = _seen.Select(member => member.Epoch).ToHashSet();
        foreach (var gone in _seenSince.Keys.Where(epoch => !epochs.Contains(epoch)).ToList()) _seenSince.Remove(gone);
        foreach (var epoch in epochs) _seenSince.TryAdd(epoch, Now);
    }

    private bool IsSettled => !_complaints.IsEmpty && Context.System.TimeProvider.GetElapsedTime(_complaintsSince) >= _me.StableAfter;

    private long[] Unheard()
    {
        var time = Context.System.TimeProvider;
        return _cluster.Contact is not { } contact ? [] : [.. _seen.Where(member => time.GetElapsedTime(_seenSince[member.Epoch]) > _me.AcceptableSilence
            && contact.SilentFor(MembershipRules.ToMember(member)) > _me.AcceptableSilence).Select(member => member.Epoch)];
    }

    private void TryUp(MembershipView view)
    {
        if (_comingUp || _leaving) return;
        if (_cluster.Contact is { } contact && MembershipRules.ToMeet(view, _me.Id).Where(member => !contact.IsConnected(MembershipRules.ToMember(member))).ToList() is { Count: > 0 } missing)
        {
            _state.WaitsFor = string.Join(", ", missing.Select(member => member.Id));
            return;
        }
        _state.WaitsFor = null;
        _comingUp = true;
        ComeUpAsync(_epoch).PipeTo(Self, null, () => LookAgain.Instance, cause => new Failed(ComeUp, cause));
    }

    private void GiveUpTheLead()
    {
        _log.GivesUpTheLead(_me.Id);
        _store.ReleaseAsync(MembershipView.LeaderLease, _me.Id, _epoch, Within(_me.Lease)).AsTask().PipeTo(Self, null, () => LookAgain.Instance, cause => new Failed("give up the lead", cause));
    }

    private void OnBeatFailed(Failed failed)
    {
        _beating = false;
        _log.StepFailed(_me.Id, failed.Step, failed.Cause);
        // Sooner than the next regular one: it may be the last that comes in time.
        if (IsLive) Timers.StartSingleTimer("retry", LookAgain.Instance, _me.Interval / 4);
    }

    private void HoldLeases(MembershipView view)
    {
        var held = view.Leases.Where(lease => lease.Owner == _me.Id && lease.OwnerEpoch == _epoch && lease.Name != MembershipView.LeaderLease).Select(lease => lease.Name).ToHashSet();
        foreach (var unwanted in _claims.Hold(held))
            _store.ReleaseAsync(unwanted, _me.Id, _epoch, Within(_me.Lease)).AsTask().PipeTo(Self, null, null, cause => new Failed($"release {unwanted}", cause));
    }

    private void DownExpired(MembershipView view)
    {
        var (expired, cutOff) = MembershipRules.ToDown(view, _me.Id, IsSettled ? MembershipRules.Connected(view) : [.. view.Members.Select(member => member.Id)]);
        var forget = view.Members.Any(member => member.Status == MemberStatus.Down) && Context.System.TimeProvider.GetElapsedTime(_lastDowning) > _me.KeepDown;
        if (_downing || (expired.IsEmpty && cutOff.IsEmpty && !forget)) return;
        _downing = true;
        _lastDowning = Now;
        _store.DownAsync(_me.Id, _epoch, expired, cutOff, _me.KeepDown, Within(_me.Lease)).PipeTo(Self, null, ids => new Downed(ids), cause => new Failed(Downed.Step, cause));
    }

    private void OnDowned(Downed downed)
    {
        _downing = false;
        if (downed.Ids.Count == 0) return;
        _log.Downed(string.Join(", ", downed.Ids));
        Beat();
    }

    private void OnDownFailed(Failed failed)
    {
        _downing = false;
        _log.StepFailed(_me.Id, failed.Step, failed.Cause);
    }

    /// <summary>The lease lasts at least so long, counted from before it was asked for. False where that is over already, and this life with it: the answer came late, or was read late.</summary>
    private bool Renewed(long startedAt)
    {
        var time = Context.System.TimeProvider;
        var left = _me.Validity - time.GetElapsedTime(startedAt, Now);
        if (left <= TimeSpan.Zero)
        {
            End("the renewal of its lease took as long as the lease");
            return false;
        }
        Timers.StartSingleTimer(nameof(Expired), new Expired(_epoch), left);
        return true;
    }

    private long EndOf(long startedAt) => startedAt + (long)(_me.Validity.TotalSeconds * Context.System.TimeProvider.TimestampFrequency);

    /// <summary>This life is over: say so, wait until everything of it has stopped, join again.</summary>
    private void End(string reason)
    {
        _log.LifeOver(_me.Id, _epoch, reason);
        Timers.CancelAll();
        _state.ValidUntil(0);
        _state.WaitsFor = null;
        _epoch = 0;
        _claims.Hold([]);
        _cluster.LeaderIs(null);
        _cluster.Update(_cluster.SelfMember with { Status = MemberStatus.Down });
        if (!_leaving) StopEverything();
    }

    private void StopEverything() => _cluster.BeforeRejoin().WaitAsync(_me.StopPatience, Context.System.TimeProvider).PipeTo(Self, null, () => Join.Instance, cause => new Failed(StillRunning.Step, cause));

    private void OnNotStopped(Failed failed)
    {
        _log.StepFailed(_me.Id, failed.Step, failed.Cause);
        Timers.StartSingleTimer(nameof(StillRunning), StillRunning.Instance, _me.Interval);
    }

    private void OnUnreachable(Unreachable report)
    {
        var member = _cluster.State.Members.FirstOrDefault(member => member.Id == report.MemberId);
        if (!IsLive || member is null || member.Id == _me.Id || !MembershipRules.IsLive(member.Status)) return;
        _log.Reported(member.Id);
        _store.ReportUnreachableAsync(member.Id, member.Epoch, Within(_me.Lease)).AsTask()
            .PipeTo(Self, null, () => LookAgain.Instance, cause => new Failed($"report {member.Id} unreachable", cause));
    }

    private void OnLeave()
    {
        _leaving = true;
        if (IsLive) TellAsync(_store.LeavingAsync(_me.Id, _epoch, Within(_me.Lease))).PipeTo(Sender, Self);
        else Sender.Tell(Done.Instance, Self);
        Beat();

        async Task<Done> TellAsync(ValueTask leaving)
        {
            await leaving.ConfigureAwait(false);
            return Done.Instance;
        }
    }

    private void OnRemove()
    {
        _leaving = true;
        var asker = Sender;
        Timers.CancelAll();
        _claims.Hold([]);
        if (!IsLive)
        {
            OnRemoved(asker);
            return;
        }
        _store.RemoveAsync(_me.Id, _epoch, Within(_me.Lease)).AsTask().PipeTo(Self, null, () => new Removed(asker), cause =>
        {
            asker.Tell(new Status.Failure(cause), null);
            return new Failed("leave", cause);
        });
        _epoch = 0;
    }

    private void OnRemoved(IActorRef asker)
    {
        _state.ValidUntil(0);
        _cluster.LeaderIs(null);
        _cluster.Update(_cluster.SelfMember with { Status = MemberStatus.Removed });
        asker.Tell(Done.Instance, Self);
    }

    private long Now => Context.System.TimeProvider.GetTimestamp();

    private CancellationToken Within(TimeSpan limit) => new CancellationTokenSource(limit, Context.System.TimeProvider).Token;
}
