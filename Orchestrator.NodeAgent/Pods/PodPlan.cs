using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>What is known about a container beyond the engine's picture of it.</summary>
/// <param name="Started">Its postStart hook is done and its startup probe, if any, has succeeded.</param>
/// <param name="Ready">Its readiness probe succeeds, or it has none.</param>
/// <param name="KillReason">Why it must be killed (a failed liveness or startup probe, a failed hook), or null.</param>
public sealed record ContainerHealth(bool Started, bool Ready, string? KillReason)
{
    /// <summary>Just started or unknown.</summary>
    public static ContainerHealth Unknown { get; } = new(false, false, null);
}

/// <summary>Everything the plan depends on.</summary>
public sealed record PodPlanInput
{
    /// <summary>The pod's spec.</summary>
    public required PodSpec Spec { get; init; }

    /// <summary>Its containers, see <see cref="PodContainers.Of"/>.</summary>
    public required IReadOnlyList<PodContainer> Containers { get; init; }

    /// <summary>The engine's picture.</summary>
    public required ObservedPod Observed { get; init; }

    /// <summary>Names of containers with a start or kill under way; the empty name is the sandbox.</summary>
    public required IReadOnlySet<string> Busy { get; init; }

    /// <summary>Health by name.</summary>
    public required IReadOnlyDictionary<string, ContainerHealth> Health { get; init; }

    /// <summary>When a failed start may be tried again, by container name (image pulls, configuration errors); the empty name is the sandbox.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> RetryAt { get; init; } = SmallMap<DateTimeOffset>.Empty;

    /// <summary>The pod must end: deleted, evicted, or over its deadline.</summary>
    public bool Stopping { get; init; }

    /// <summary>Volumes, hosts file and the like are in place.</summary>
    public bool VolumesReady { get; init; }

    /// <summary>Now.</summary>
    public required DateTimeOffset Now { get; init; }
}

/// <summary>Start one container: this try, at this back-off level. A leftover of an interrupted start is removed first.</summary>
public sealed record StartContainer(PodContainer Container, int Attempt, int BackOffLevel, string SandboxId, string? Leftover);

/// <summary>Kill one container, with the event's words.</summary>
public sealed record KillContainer(string Name, string ContainerId, string Message);

/// <summary>What to do next with a pod; several at once where they do not depend on one another.</summary>
public sealed record PodActions
{
    /// <summary>Attempt number of the sandbox to create, or null.</summary>
    public int? CreateSandbox { get; init; }

    /// <summary>Sandboxes to remove.</summary>
    public IReadOnlyList<string> RemoveSandboxes { get; init; } = [];

    /// <summary>Containers to start.</summary>
    public IReadOnlyList<StartContainer> Start { get; init; } = [];

    /// <summary>Containers to kill.</summary>
    public IReadOnlyList<KillContainer> Kill { get; init; } = [];

    /// <summary>Containers that wait for their back-off, with the delay.</summary>
    public IReadOnlyDictionary<string, TimeSpan> BackingOff { get; init; } = SmallMap<TimeSpan>.Empty;

    /// <summary>Look again then, even if nothing happens.</summary>
    public DateTimeOffset? WakeAt { get; init; }

    /// <summary>The pod has ended for good by itself: nothing of it will be started again.</summary>
    public bool Finished { get; init; }

    /// <summary>Nothing of the pod runs any more and its sandboxes are removed.</summary>
    public bool Stopped { get; init; }
}

/// <summary>
/// What to do next with a pod (the kubelet's computePodActions): a sandbox first; init containers one after the other, sidecars staying; then all containers,
/// restarted by restartPolicy with back-off. Pure.
/// </summary>
public static class PodPlan
{
    /// <summary>Decides.</summary>
    public static PodActions Next(PodPlanInput input)
    {
        if (input.Stopping) return Stop(input);
        var sandbox = input.Observed.Sandbox;
        if (sandbox is not { Running: true }) return WithoutSandbox(input);
        if (HasFinished(input)) return Stop(input) with { Finished = true };
        return new Steps(input, sandbox).Decide() with { RemoveSandboxes = [.. input.Observed.OldSandboxes.Select(s => s.Id)] };
    }

    /// <summary>Whether all containers have ended for good, so that the pod's phase is final.</summary>
    public static bool HasFinished(PodPlanInput input)
    {
        foreach (var init in input.Containers.Where(c => c.Kind == ContainerKind.Init))
            if (input.Spec.RestartPolicy == "Never" && input.Observed.Newest(init.Name) is { HasEnded: true, Succeeded: false } && !AppStarted(input))
                return !input.Busy.Contains(init.Name);
        var apps = input.Containers.Where(c => c.Kind == ContainerKind.App).ToList();
        return apps.Count > 0 && apps.All(c => !input.Busy.Contains(c.Name) && input.Observed.Newest(c.Name) is { HasEnded: true } ended && !RestartsAfter(input.Spec, ended));
    }

    private static bool AppStarted(PodPlanInput input) => input.Containers.Any(c => c.Kind == ContainerKind.App && input.Observed.Newest(c.Name) is not null);

    private static bool RestartsAfter(PodSpec spec, ObservedContainer ended) => spec.RestartPolicy switch
    {
        "Never" => false,
        "OnFailure" => !ended.Succeeded,
        _ => true,
    };

    private static PodActions WithoutSandbox(PodPlanInput input)
    {
        var dead = input.Observed.Sandbox;
        if (HasFinished(input) || (dead is not null && input.Spec.RestartPolicy == "Never" && input.Observed.All.Any()))
            return Stop(input) with { Finished = true };
        // What still runs has lost its network namespace: it must go before the pod is built anew (kubelet: "Pod sandbox changed").
        var kill = input.Containers.Where(c => !input.Busy.Contains(c.Name)).Select(c => input.Observed.Newest(c.Name)).OfType<ObservedContainer>().Where(c => c.IsRunning)
            .Select(c => new KillContainer(c.Name, c.Id, $"Stopping container {c.Name}")).ToList();
        if (kill.Count > 0 || input.Busy.Count > 0) return new PodActions { Kill = kill };
        if (input.RetryAt.TryGetValue("", out var at) && at > input.Now) return new PodActions { WakeAt = at };
        return new PodActions { CreateSandbox = dead is null ? 0 : dead.Attempt + 1 };
    }

    /// <summary>Containers first, all at once; then sidecars, the last one first; then the sandboxes.</summary>
    private static PodActions Stop(PodPlanInput input)
    {
        var running = input.Containers.Where(c => input.Observed.Newest(c.Name) is { IsRunning: true } || (input.Busy.Contains(c.Name) && c.Name.Length > 0)).ToList();
        if (running.Count == 0)
        {
            var sandboxes = input.Observed.OldSandboxes.Concat(input.Observed.Sandbox is { } s ? [s] : []).Select(x => x.Id).ToList();
            if (input.Busy.Contains("")) return new PodActions();
            return sandboxes.Count > 0 ? new PodActions { RemoveSandboxes = sandboxes } : new PodActions { Stopped = true };
        }
        var first = running.Where(c => c.Kind != ContainerKind.Sidecar).ToList();
        if (first.Count == 0) first = [running[^1]];
        return new PodActions
        {
            Kill = [.. first.Where(c => !input.Busy.Contains(c.Name)).Select(c => input.Observed.Newest(c.Name)!).Select(c => new KillContainer(c.Name, c.Id, $"Stopping container {c.Name}"))],
        };
    }

    /// <summary>One pass over the containers of a pod whose sandbox runs.</summary>
    private sealed class Steps(PodPlanInput input, ObservedSandbox sandbox)
    {
        private readonly List<StartContainer> _start = [];
        private readonly List<KillContainer> _kill = [];
        private readonly Dictionary<string, TimeSpan> _backingOff = [];
        private DateTimeOffset? _wakeAt;

        public PodActions Decide()
        {
            // Once a container has run in this sandbox the init containers are done, even where somebody removed their remains.
            var initialized = input.Containers.Any(c => c.Kind == ContainerKind.App && input.Observed.Newest(c.Name)?.SandboxId == sandbox.Id);
            var blocked = false;
            foreach (var container in input.Containers)
            {
                switch (container.Kind)
                {
                    case ContainerKind.Sidecar when !blocked:
                        Keep(container, restart: true);
                        blocked = !initialized && !(input.Observed.Newest(container.Name) is { IsRunning: true } c && c.SandboxId == sandbox.Id && Health(container).Started);
                        break;
                    case ContainerKind.Init when !blocked && !initialized:
                        blocked = !RunInit(container);
                        break;
                    case ContainerKind.App when !blocked:
                    case ContainerKind.Ephemeral when !blocked:
                        Keep(container, restart: container.Kind == ContainerKind.App);
                        break;
                    default:
                        break;
                }
            }
            return new PodActions { Start = _start, Kill = _kill, BackingOff = _backingOff, WakeAt = _wakeAt };
        }

        private ContainerHealth Health(PodContainer container) => input.Health.GetValueOrDefault(container.Name, ContainerHealth.Unknown);

        /// <summary>True once it has succeeded in this sandbox.</summary>
        private bool RunInit(PodContainer container)
        {
            var newest = input.Observed.Newest(container.Name);
            if (newest is { Succeeded: true } && newest.SandboxId == sandbox.Id) return true;
            if (newest is { IsRunning: true } || input.Busy.Contains(container.Name)) return false;
            if (newest is { HasEnded: true } && newest.SandboxId == sandbox.Id) StartAfter(container, newest);
            else StartNow(container, newest);
            return false;
        }

        private void Keep(PodContainer container, bool restart)
        {
            if (input.Busy.Contains(container.Name)) return;
            var newest = input.Observed.Newest(container.Name);
            if (newest is { IsRunning: true })
            {
                if (Health(container).KillReason is { } reason) _kill.Add(new KillContainer(container.Name, newest.Id, reason));
                else if (newest.SpecHash != container.Hash && restart)
                    _kill.Add(new KillContainer(container.Name, newest.Id, $"Container {container.Name} definition changed, will be restarted"));
                else if (newest.SandboxId != sandbox.Id) _kill.Add(new KillContainer(container.Name, newest.Id, $"Stopping container {container.Name}"));
            }
            else if (newest is { HasEnded: true })
            {
                var again = container.Kind == ContainerKind.Sidecar || (restart && (RestartsAfter(input.Spec, newest) || (newest.SpecHash != container.Hash && input.Spec.RestartPolicy != "Never")));
                if (again) StartAfter(container, newest);
            }
            else
            {
                StartNow(container, newest);
            }
        }

        private void StartAfter(PodContainer container, ObservedContainer ended)
        {
            var (at, delay, level) = RestartBackOff.Next(ended);
            if (ended.SpecHash != container.Hash) (at, level) = (input.Now, 0);
            if (at > input.Now)
            {
                _backingOff[container.Name] = delay;
                Wake(at);
            }
            else
            {
                Add(new StartContainer(container, ended.Attempt + 1, level, sandbox.Id, null));
            }
        }

        private void StartNow(PodContainer container, ObservedContainer? newest)
        {
            // A container that was created and never started is the rest of a start that was cut short: the same try is made again.
            var leftover = newest is { Phase: ContainerPhase.Created } ? newest : null;
            var attempt = leftover?.Attempt ?? (newest is null ? 0 : newest.Attempt + 1);
            Add(new StartContainer(container, attempt, leftover?.BackOffLevel ?? 0, sandbox.Id, leftover?.Id));
        }

        private void Add(StartContainer start)
        {
            if (!input.VolumesReady) return;
            if (input.RetryAt.TryGetValue(start.Container.Name, out var at) && at > input.Now) Wake(at);
            else _start.Add(start);
        }

        private void Wake(DateTimeOffset at) => _wakeAt = _wakeAt is { } earlier && earlier < at ? earlier : at;
    }
}
