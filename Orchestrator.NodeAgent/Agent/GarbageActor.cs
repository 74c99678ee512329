using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Images;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using ContainerState = Orchestrator.NodeAgent.Runtime.ContainerState;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>Asks the node's actor for the pods it has. Answered with <see cref="LivePods"/>.</summary>
internal sealed record LivePodsWanted
{
    public static readonly LivePodsWanted Instance = new();
}

/// <summary>Uids of the node's pods, or null while the control plane has not told them.</summary>
internal sealed record LivePods(IReadOnlySet<string>? Uids);

/// <summary>
/// Collects what pods leave behind on a node, at the kubelet's pace: every minute all but the newest ended try of each container and everything of pods
/// that are gone; every five minutes the images, where their disk is fuller than the policy allows.
/// </summary>
/// <remarks>
/// The engine is listed before the pods are asked for: a container on the list whose pod is unknown by then belongs to no pod that is only just starting.
/// </remarks>
internal sealed class GarbageActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan OrphanGrace = TimeSpan.FromSeconds(2);

    private readonly AgentServices _services;
    private readonly ImageGarbageCollector _images;
    private DateTimeOffset _imagesDueAt;
    private Seen? _seen;
    private bool _busy;

    /// <param name="services">The node's.</param>
    public GarbageActor(AgentServices services)
    {
        _services = services;
        _images = new ImageGarbageCollector(services.Runtime, services.Options.ImageGarbage, services.Time);
        Receive<Due>(_ => Look());
        Receive<Seen>(seen =>
        {
            _seen = seen;
            Context.Parent.Tell(LivePodsWanted.Instance, Self);
        });
        Receive<LivePods>(OnLivePods);
        Receive<Collected>(OnCollected);
        Receive<Status.Failure>(failure =>
        {
            _busy = false;
            // The engine is away or busy; the next look comes in a minute.
            if (failure.Cause is not (RuntimeUnavailableException or RuntimeException)) throw new InvalidOperationException("garbage collection failed", failure.Cause);
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _imagesDueAt = _services.Time.GetUtcNow() + _services.Options.ImageGarbageInterval;
        Timers.StartPeriodicTimer("due", Due.Now, _services.Options.ContainerGarbageInterval * _services.Options.Phase, _services.Options.ContainerGarbageInterval);
    }

    private void Look()
    {
        if (_busy) return;
        _busy = true;
        var (runtime, images) = (_services.Runtime, _images);
        Task.Run(async () =>
        {
            var containers = await runtime.ListAsync(CancellationToken.None).ConfigureAwait(false);
            await images.ObserveAsync(containers, CancellationToken.None).ConfigureAwait(false);
            return new Seen(containers);
        }).PipeTo(Self);
    }

    private void OnLivePods(LivePods live)
    {
        if (_seen is not { } seen || live.Uids is not { } uids)
        {
            _busy = false;
            return;
        }
        _seen = null;
        var dead = seen.Containers.Where(c => PodLabels.Get(c.Labels, PodLabels.Role) != PodLabels.SandboxRole && uids.Contains(Uid(c)))
            .Select(ObservedContainer.From).Where(c => c.HasEnded).ToDictionary(c => c.Id);
        var pods = seen.Containers.ToDictionary(c => c.Id, Uid);
        var remove = ContainerGarbage.Plan(dead.Values.Select(c => new DeadContainer(c.Id, pods[c.Id], c.Name, c.CreatedAt)), uids);
        var orphans = seen.Containers.Where(c => !uids.Contains(Uid(c))).GroupBy(Uid).ToDictionary(g => g.Key, g => g.ToList());
        var imagesDue = _services.Time.GetUtcNow() >= _imagesDueAt;
        if (imagesDue) _imagesDueAt = _services.Time.GetUtcNow() + _services.Options.ImageGarbageInterval;
        Task.Run(() => CollectAsync(remove, orphans, imagesDue)).PipeTo(Self);
    }

    private async Task<Collected> CollectAsync(IReadOnlyList<string> remove, Dictionary<string, List<ContainerState>> orphans, bool images)
    {
        var runtime = _services.Runtime;
        foreach (var id in remove) await runtime.RemoveContainerAsync(id, CancellationToken.None).ConfigureAwait(false);
        foreach (var (uid, states) in orphans)
        {
            await OrphanSweep.RemoveAsync(runtime, states, OrphanGrace, CancellationToken.None).ConfigureAwait(false);
            _services.Disk.Remove(uid);
        }
        if (!images) return new Collected(null);
        var info = await runtime.InfoAsync(CancellationToken.None).ConfigureAwait(false);
        var (capacity, available) = _services.Options.ReadDisk(info.StorageRoot);
        return new Collected(await _images.CollectAsync(capacity, available, CancellationToken.None).ConfigureAwait(false));
    }

    private void OnCollected(Collected done)
    {
        _busy = false;
        if (done.Images is not { FellShort: true } images) return;
        var refused = images.Refused.Count > 0 ? $"; {images.Refused.Count} could not be removed: {images.Refused[0].Why}" : "";
        _services.Events.NodeWarning("FreeDiskSpaceFailed",
            $"Failed to garbage collect required amount of images. Attempted to free {images.BytesWanted} bytes, but only found {images.BytesFreed} bytes eligible to free{refused}.");
    }

    private static string Uid(ContainerState state) => PodLabels.Get(state.Labels, PodLabels.PodUid);

    private sealed record Seen(IReadOnlyList<ContainerState> Containers);

    private sealed record Collected(ImageGarbageResult? Images);

    private sealed class Due
    {
        public static readonly Due Now = new();
    }
}
