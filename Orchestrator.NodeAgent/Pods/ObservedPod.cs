using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>A sandbox of a pod as the engine showed it last.</summary>
public sealed record ObservedSandbox(string Id, int Attempt, bool Running, string? Ip, DateTimeOffset CreatedAt);

/// <summary>One try of one container of a pod as the engine showed it last. Times UTC.</summary>
public sealed record ObservedContainer
{
    /// <summary>The engine's id.</summary>
    public required string Id { get; init; }

    /// <summary>The container's name in the pod.</summary>
    public required string Name { get; init; }

    /// <summary>0 for the first try; the restartCount that is shown.</summary>
    public int Attempt { get; init; }

    /// <summary>See <see cref="RestartBackOff"/>.</summary>
    public int BackOffLevel { get; init; }

    /// <summary>Fingerprint of the spec it was made from.</summary>
    public string SpecHash { get; init; } = "";

    /// <summary>The sandbox it was made for.</summary>
    public string SandboxId { get; init; } = "";

    /// <summary>Where it is in its life.</summary>
    public ContainerPhase Phase { get; init; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Exit code once ended.</summary>
    public int ExitCode { get; init; }

    /// <summary>The kernel killed it for its memory limit.</summary>
    public bool OomKilled { get; init; }

    /// <summary>The engine's words where it could not be started.</summary>
    public string Error { get; init; } = "";

    /// <summary>Image as in the spec.</summary>
    public string Image { get; init; } = "";

    /// <summary>The image's id.</summary>
    public string ImageId { get; init; } = "";

    /// <summary>What it left as termination message.</summary>
    public string TerminationMessage { get; init; } = "";

    /// <summary>File of the termination message on the node.</summary>
    public string TerminationMessageFile { get; init; } = "";

    /// <summary>File or FallbackToLogsOnError.</summary>
    public string TerminationMessagePolicy { get; init; } = "";

    /// <summary>Running.</summary>
    public bool IsRunning => Phase == ContainerPhase.Running;

    /// <summary>Ended, or created and refused by the engine at its start.</summary>
    public bool HasEnded => Phase == ContainerPhase.Exited || (Phase == ContainerPhase.Created && Error.Length > 0);

    /// <summary>Ended with exit code 0.</summary>
    public bool Succeeded => Phase == ContainerPhase.Exited && ExitCode == 0;

    /// <summary>Reads a container's labels and state.</summary>
    public static ObservedContainer From(ContainerState state) => new()
    {
        Id = state.Id,
        Name = PodLabels.Get(state.Labels, PodLabels.ContainerName),
        Attempt = PodLabels.Number(state.Labels, PodLabels.Attempt),
        BackOffLevel = PodLabels.Number(state.Labels, PodLabels.BackOffLevel),
        SpecHash = PodLabels.Get(state.Labels, PodLabels.SpecHash),
        SandboxId = PodLabels.Get(state.Labels, PodLabels.Sandbox),
        Phase = state.Phase,
        CreatedAt = state.CreatedAt,
        StartedAt = state.StartedAt,
        FinishedAt = state.FinishedAt,
        ExitCode = state.ExitCode,
        OomKilled = state.OomKilled,
        Error = state.Error,
        Image = PodLabels.Get(state.Labels, PodLabels.Image) is { Length: > 0 } image ? image : state.Image,
        ImageId = state.ImageId,
        TerminationMessageFile = PodLabels.Get(state.Labels, PodLabels.TerminationMessageFile),
        TerminationMessagePolicy = PodLabels.Get(state.Labels, PodLabels.TerminationMessagePolicy),
    };
}

/// <summary>Everything the engine has of one pod. Immutable; the newest try of a container comes first.</summary>
public sealed record ObservedPod
{
    /// <summary>Nothing there.</summary>
    public static ObservedPod Empty { get; } = new();

    /// <summary>The newest sandbox, or null.</summary>
    public ObservedSandbox? Sandbox { get; init; }

    /// <summary>Sandboxes that a newer one has replaced and that are still there.</summary>
    public IReadOnlyList<ObservedSandbox> OldSandboxes { get; init; } = [];

    /// <summary>Tries by container name, newest first.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<ObservedContainer>> Containers { get; init; } = SmallMap<IReadOnlyList<ObservedContainer>>.Empty;

    /// <summary>The newest try of a container, or null.</summary>
    public ObservedContainer? Newest(string name) => Containers.TryGetValue(name, out var tries) && tries.Count > 0 ? tries[0] : null;

    /// <summary>The try before the newest, or null.</summary>
    public ObservedContainer? Previous(string name) => Containers.TryGetValue(name, out var tries) && tries.Count > 1 ? tries[1] : null;

    /// <summary>Every try of every container.</summary>
    public IEnumerable<ObservedContainer> All => Containers.Values.SelectMany(tries => tries);

    /// <summary>Folds what the engine lists into one picture.</summary>
    public static ObservedPod From(IEnumerable<ContainerState> states)
    {
        var pod = Empty;
        foreach (var state in states.OrderBy(s => s.CreatedAt))
            pod = PodLabels.Get(state.Labels, PodLabels.Role) == PodLabels.SandboxRole ? pod.With(SandboxOf(state)) : pod.With(ObservedContainer.From(state));
        return pod;
    }

    /// <summary>With one sandbox added or updated.</summary>
    public ObservedPod With(ObservedSandbox sandbox)
    {
        var all = OldSandboxes.Where(s => s.Id != sandbox.Id).ToList();
        if (Sandbox is not null && Sandbox.Id != sandbox.Id) all.Add(Sandbox);
        all.Add(sandbox);
        var newest = all.MaxBy(s => (s.Attempt, s.CreatedAt))!;
        return this with { Sandbox = newest, OldSandboxes = [.. all.Where(s => s.Id != newest.Id)] };
    }

    /// <summary>With one container added or updated.</summary>
    public ObservedPod With(ObservedContainer container)
    {
        var tries = Containers.TryGetValue(container.Name, out var known) ? known.Where(c => c.Id != container.Id).ToList() : [];
        tries.Add(container);
        tries.Sort(static (a, b) => a.Attempt != b.Attempt ? b.Attempt.CompareTo(a.Attempt) : b.CreatedAt.CompareTo(a.CreatedAt));
        return this with { Containers = new SmallMap<IReadOnlyList<ObservedContainer>>(Containers) { [container.Name] = tries.ToArray() } };
    }

    /// <summary>Without a sandbox or container that is gone.</summary>
    public ObservedPod Without(string id)
    {
        if (Sandbox?.Id == id) return this with { Sandbox = OldSandboxes.MaxBy(s => s.Attempt), OldSandboxes = [.. OldSandboxes.OrderByDescending(s => s.Attempt).Skip(1)] };
        if (OldSandboxes.Any(s => s.Id == id)) return this with { OldSandboxes = [.. OldSandboxes.Where(s => s.Id != id)] };
        return this with
        {
            Containers = new SmallMap<IReadOnlyList<ObservedContainer>>(Containers.Select(c => KeyValuePair.Create(c.Key, (IReadOnlyList<ObservedContainer>)c.Value.Where(t => t.Id != id).ToArray()))),
        };
    }

    /// <summary>
    /// A list that was taken while events came in: what is known to have ended stays so, because no container runs twice, and the list may be the older news.
    /// </summary>
    public ObservedPod Relisted(ObservedPod list)
    {
        var result = list;
        foreach (var ended in All.Where(c => c.HasEnded))
            if (list.All.Any(c => c.Id == ended.Id && !c.HasEnded)) result = result.With(ended);
        return Sandbox is { Running: false } dead && result.Sandbox is { Running: true } same && same.Id == dead.Id ? result with { Sandbox = dead } : result;
    }

    private static ObservedSandbox SandboxOf(ContainerState state) =>
        new(state.Id, PodLabels.Number(state.Labels, PodLabels.Attempt), state.Phase == ContainerPhase.Running, state.Ip, state.CreatedAt);
}
