using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Probes;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>Something a pod's worker has asked for has ended; carries the operation it answers, so that a late answer of a replaced one is known.</summary>
internal abstract record OperationDone(string Name);

/// <summary>The sandbox runs.</summary>
internal sealed record SandboxStarted(SandboxState State, int Attempt) : OperationDone("");

/// <summary>The sandbox could not be made.</summary>
internal sealed record SandboxFailed(string Message) : OperationDone("");

/// <summary>These sandboxes are gone.</summary>
internal sealed record SandboxesRemoved(IReadOnlyList<string> Ids) : OperationDone("");

/// <summary>Volumes are in place and up to date.</summary>
internal sealed record VolumesMounted(IReadOnlyDictionary<string, MountedVolume> Volumes) : OperationDone("volumes");

/// <summary>A volume is missing.</summary>
internal sealed record VolumesFailed(string Message) : OperationDone("volumes");

/// <summary>A container runs; its postStart hook may still be under way. Not the end of the start.</summary>
internal sealed record ContainerRunning(ObservedContainer Container);

/// <summary>A start is through. <paramref name="HookFailure"/> is the words of a failed postStart hook, which is a reason to kill.</summary>
internal sealed record ContainerStarted(string Name, string ContainerId, string? HookFailure) : OperationDone(Name);

/// <summary>A start failed; with the remains where the engine had made the container.</summary>
internal sealed record ContainerStartFailed(string Name, string Reason, string Message, DateTimeOffset? RetryAt, ObservedContainer? Remains) : OperationDone(Name);

/// <summary>A container was stopped; null where it is gone altogether.</summary>
internal sealed record ContainerKilled(string Name, string ContainerId, ObservedContainer? After) : OperationDone(Name);

/// <summary>The engine went away in the middle.</summary>
internal sealed record OperationInterrupted(string Name) : OperationDone(Name);

/// <summary>
/// The steps a pod's worker has carried out on the engine, as tasks. Each returns its <see cref="OperationDone"/> and never throws for what a pod can
/// cause: a dead engine is <see cref="OperationInterrupted"/>.
/// </summary>
internal sealed class PodOperations(AgentServices services, Prober prober)
{
    private static readonly TimeSpan MinimumGrace = TimeSpan.FromSeconds(2);

    /// <summary>An older look for an image is not trusted: the image may have been replaced since.</summary>
    private static readonly TimeSpan LookupLife = TimeSpan.FromSeconds(2);

    private volatile Lookups? _lookups;

    private PodPlacement Placement => new(services.Options.ClusterId, services.Options.NodeName, services.Totals.MemoryBytes);

    /// <summary>Nothing is under way.</summary>
    public void Rest() => _lookups = null;

    public async Task<OperationDone> StartSandboxAsync(Pod pod, int attempt, CancellationToken cancel)
    {
        // The engine finds the images of the first containers while it starts the sandbox.
        _lookups = new Lookups(services.Time.GetUtcNow(), FirstImages(pod).ToDictionary(image => image, image => services.Runtime.FindImageAsync(image, CancellationToken.None)));
        try
        {
            return new SandboxStarted(await services.Runtime.RunSandboxAsync(ContainerSpecBuilder.Sandbox(pod, attempt, Placement), cancel).ConfigureAwait(false), attempt);
        }
        catch (RuntimeException e)
        {
            return new SandboxFailed(e.Message);
        }
        catch (RuntimeUnavailableException)
        {
            return new OperationInterrupted("");
        }
    }

    public async Task<OperationDone> RemoveSandboxesAsync(IReadOnlyList<string> ids, CancellationToken cancel)
    {
        try
        {
            foreach (var id in ids) await services.Runtime.RemoveSandboxAsync(id, cancel).ConfigureAwait(false);
            return new SandboxesRemoved(ids);
        }
        catch (RuntimeUnavailableException)
        {
            return new OperationInterrupted("");
        }
    }

    public async Task<OperationDone> MountVolumesAsync(Pod pod, IPodVolumes volumes, string podIp, CancellationToken cancel)
    {
        try
        {
            return new VolumesMounted(await volumes.SetUpAsync(pod, services.FactsOf(podIp), cancel).ConfigureAwait(false));
        }
        catch (VolumeException e)
        {
            return new VolumesFailed(e.Message);
        }
    }

    /// <summary>Image, container, start, postStart hook. Tells <paramref name="worker"/> <see cref="ContainerRunning"/> on the way.</summary>
    public async Task<OperationDone> StartContainerAsync(Pod pod, StartContainer start, string podIp, IReadOnlyDictionary<string, MountedVolume> volumes, IActorRef worker, CancellationToken cancel)
    {
        var (name, field) = (start.Container.Name, start.Container.FieldPath);
        ObservedContainer? made = null;
        try
        {
            if (start.Leftover is { } leftover) await services.Runtime.RemoveContainerAsync(leftover, cancel).ConfigureAwait(false);
            var image = await services.Images.EnsureAsync(pod, start.Container, LookUpAsync, cancel).ConfigureAwait(false);
            var directory = services.DirectoryOf(pod.Metadata.UID);
            var environment = EnvironmentBuilder.Build(pod, start.Container.Spec, services.FactsOf(podIp), services.ServiceEnvironmentOf(pod), services.Objects);
            services.Disk.WriteFiles(pod, start, podIp, () => services.Options.Dns);
            var spec = ContainerSpecBuilder.Container(pod, start, image, environment, volumes, directory, Placement);
            var id = await services.Runtime.CreateContainerAsync(spec, cancel).ConfigureAwait(false);
            services.Events.Normal(pod, field, "Created", $"Created container: {name}");
            made = Made(id, spec, start, image);
            await services.Runtime.StartContainerAsync(id, cancel).ConfigureAwait(false);
            var running = made with { Phase = ContainerPhase.Running, StartedAt = services.Time.GetUtcNow() };
            worker.Tell(new ContainerRunning(running), null);
            services.Events.Normal(pod, field, "Started", $"Started container {name}");
            if (start.Container.Spec.Lifecycle?.PostStart is not { } hook) return new ContainerStarted(name, id, null);
            var outcome = await prober.RunHookAsync(hook, new ProbeTarget(id, start.Container.Spec, podIp), cancel).ConfigureAwait(false);
            if (outcome.Success) return new ContainerStarted(name, id, null);
            services.Events.Warning(pod, field, "FailedPostStartHook", $"PostStartHook failed: {outcome.Message}");
            return new ContainerStarted(name, id, "FailedPostStartHook");
        }
        catch (ImageUnavailableException e)
        {
            return new ContainerStartFailed(name, e.Reason, e.Message, e.RetryAt, null);
        }
        catch (ContainerConfigException e)
        {
            services.Events.Warning(pod, field, "Failed", $"Error: {e.Message}");
            return new ContainerStartFailed(name, e.Reason, e.Message, null, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            services.Events.Warning(pod, field, "Failed", $"Error: {e.Message}");
            return new ContainerStartFailed(name, "CreateContainerConfigError", e.Message, null, made);
        }
        catch (RuntimeException e) when (made is null)
        {
            services.Events.Warning(pod, field, "Failed", $"Error: {e.Message}");
            return new ContainerStartFailed(name, "CreateContainerError", e.Message, null, null);
        }
        catch (RuntimeException e)
        {
            services.Events.Warning(pod, field, "Failed", $"Error: {e.Message}");
            var now = services.Time.GetUtcNow();
            return new ContainerStartFailed(name, "RunContainerError", e.Message, null, made! with { Phase = ContainerPhase.Exited, Error = e.Message, ExitCode = 128, FinishedAt = now });
        }
        catch (RuntimeUnavailableException)
        {
            return new OperationInterrupted(name);
        }
    }

    /// <summary>preStop hook, stop signal, and the end by force: all within the grace, of which the signal gets at least two seconds unless it is zero.</summary>
    public async Task<OperationDone> KillContainerAsync(Pod pod, PodContainer container, KillContainer kill, string podIp, TimeSpan grace, CancellationToken cancel)
    {
        try
        {
            var began = services.Time.GetUtcNow();
            services.Events.Normal(pod, container.FieldPath, "Killing", kill.Message);
            if (container.Spec.Lifecycle?.PreStop is { } hook && grace > TimeSpan.Zero) await RunPreStopAsync(pod, container, hook, kill.ContainerId, podIp, grace, cancel).ConfigureAwait(false);
            var left = grace - (services.Time.GetUtcNow() - began);
            if (grace > TimeSpan.Zero && left < MinimumGrace) left = MinimumGrace;
            await services.Runtime.StopContainerAsync(kill.ContainerId, left > TimeSpan.Zero ? left : TimeSpan.Zero, cancel).ConfigureAwait(false);
            return new ContainerKilled(kill.Name, kill.ContainerId, await InspectAsync(kill.ContainerId, cancel).ConfigureAwait(false));
        }
        catch (RuntimeException)
        {
            // It may have ended by itself in between; what it is now decides whether another kill is due.
            return await AfterFailedKill(kill, cancel).ConfigureAwait(false);
        }
        catch (RuntimeUnavailableException)
        {
            return new OperationInterrupted(kill.Name);
        }
    }

    /// <summary>Removes containers that have ended.</summary>
    public async Task RemoveContainersAsync(IEnumerable<string> ids, CancellationToken cancel)
    {
        foreach (var id in ids) await services.Runtime.RemoveContainerAsync(id, cancel).ConfigureAwait(false);
    }

    /// <summary>Stops and removes everything the engine has of a pod, whatever its worker knows of it.</summary>
    public async Task RemoveAllOfAsync(string uid, CancellationToken cancel)
    {
        var states = await services.Runtime.ListAsync(cancel).ConfigureAwait(false);
        await OrphanSweep.RemoveAsync(services.Runtime, [.. states.Where(s => PodLabels.Get(s.Labels, PodLabels.PodUid) == uid)], TimeSpan.Zero, cancel).ConfigureAwait(false);
    }

    private static IEnumerable<string> FirstImages(Pod pod) =>
        (pod.Spec.InitContainers is { Count: > 0 } init ? init.Take(1) : pod.Spec.Containers ?? []).Where(c => c.ImagePullPolicy != "Always").Select(c => c.Image).Distinct();

    private Task<ImageState?> LookUpAsync(string image, CancellationToken cancel) =>
        _lookups is { } lookups && services.Time.GetUtcNow() - lookups.At < LookupLife && lookups.Images.TryGetValue(image, out var lookup) ? lookup.WaitAsync(cancel) : services.Runtime.FindImageAsync(image, cancel);

    private async Task<ObservedContainer?> InspectAsync(string id, CancellationToken cancel) =>
        await services.Runtime.InspectAsync(id, cancel).ConfigureAwait(false) is { } state
            ? await TerminationMessages.ReadAsync(ObservedContainer.From(state), services.Runtime, cancel).ConfigureAwait(false)
            : null;

    private async Task<OperationDone> AfterFailedKill(KillContainer kill, CancellationToken cancel)
    {
        try
        {
            return new ContainerKilled(kill.Name, kill.ContainerId, await InspectAsync(kill.ContainerId, cancel).ConfigureAwait(false));
        }
        catch (RuntimeUnavailableException)
        {
            return new OperationInterrupted(kill.Name);
        }
    }

    private async Task RunPreStopAsync(Pod pod, PodContainer container, LifecycleHandler hook, string id, string podIp, TimeSpan grace, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(grace, services.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            var outcome = await prober.RunHookAsync(hook, new ProbeTarget(id, container.Spec, podIp), both.Token).ConfigureAwait(false);
            if (!outcome.Success) services.Events.Warning(pod, container.FieldPath, "FailedPreStopHook", $"PreStopHook failed: {outcome.Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            services.Events.Warning(pod, container.FieldPath, "FailedPreStopHook", "PreStopHook did not complete in the termination grace period");
        }
    }

    private sealed record Lookups(DateTimeOffset At, Dictionary<string, Task<ImageState?>> Images);

    private ObservedContainer Made(string id, ContainerSpec spec, StartContainer start, ImageState image) => new()
    {
        Id = id,
        Name = start.Container.Name,
        Attempt = start.Attempt,
        BackOffLevel = start.BackOffLevel,
        SpecHash = start.Container.Hash,
        SandboxId = start.SandboxId,
        Phase = ContainerPhase.Created,
        CreatedAt = services.Time.GetUtcNow(),
        Image = start.Container.Spec.Image,
        ImageId = image.Id,
        TerminationMessageFile = PodLabels.Get(spec.Labels, PodLabels.TerminationMessageFile),
        TerminationMessagePolicy = PodLabels.Get(spec.Labels, PodLabels.TerminationMessagePolicy),
    };
}
