using System.Collections.Concurrent;
using System.Globalization;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>An image is not there and will not be before <see cref="RetryAt"/>; reason and message are the container's waiting state.</summary>
public sealed class ImageUnavailableException(string reason, string message, DateTimeOffset retryAt) : Exception(message)
{
    /// <summary>ErrImagePull, ImagePullBackOff, ErrImageNeverPull.</summary>
    public string Reason { get; } = reason;

    /// <summary>When to ask again.</summary>
    public DateTimeOffset RetryAt { get; } = retryAt;
}

/// <summary>Finds the logins for an image among a pod's pull secrets; empty for an anonymous pull.</summary>
public delegate IReadOnlyList<RegistryCredentials> PullCredentials(Pod pod, string image);

/// <summary>
/// Makes the images of pods present by pull policy: one pull per image at a time, several images in parallel, back-off 10 s to 5 min per pod and image, with
/// the kubelet's events. Thread-safe.
/// </summary>
public sealed class PodImages(IContainerRuntime runtime, AgentEvents events, PullCredentials credentials, TimeProvider time)
{
    private static readonly TimeSpan SoonAgain = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Image, string User), Lazy<Task<ImageState>>> _pulls = new();
    private readonly ConcurrentDictionary<(string Uid, string Image), BackOff> _backOffs = new();

    /// <summary>The image once it is there. Throws <see cref="ImageUnavailableException"/>, and <see cref="RuntimeUnavailableException"/> with a dead engine.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">Whose image.</param>
    /// <param name="find">Looks for an image on the node.</param>
    /// <param name="cancel">Gives up waiting.</param>
    public async Task<ImageState> EnsureAsync(Pod pod, PodContainer container, Func<string, CancellationToken, Task<ImageState?>> find, CancellationToken cancel)
    {
        var image = container.Spec.Image;
        var policy = container.Spec.ImagePullPolicy;
        var present = policy == "Always" ? null : await find(image, cancel).ConfigureAwait(false);
        if (present is not null)
        {
            events.Normal(pod, container.FieldPath, "Pulled", $"Container image \"{image}\" already present on machine");
            return present;
        }
        var now = time.GetUtcNow();
        if (policy == "Never")
        {
            var message = $"Container image \"{image}\" is not present with pull policy of Never";
            events.Warning(pod, container.FieldPath, "ErrImageNeverPull", message);
            events.Warning(pod, container.FieldPath, "Failed", "Error: ErrImageNeverPull");
            throw new ImageUnavailableException("ErrImageNeverPull", message, now + RestartBackOff.Initial);
        }
        var key = (pod.Metadata.UID, image);
        if (_backOffs.TryGetValue(key, out var backOff) && backOff.Until > now)
        {
            events.Normal(pod, container.FieldPath, "BackOff", $"Back-off pulling image \"{image}\"");
            events.Warning(pod, container.FieldPath, "Failed", "Error: ImagePullBackOff");
            throw new ImageUnavailableException("ImagePullBackOff", $"Back-off pulling image \"{image}\": ErrImagePull: {backOff.Message}", backOff.Until);
        }
        events.Normal(pod, container.FieldPath, "Pulling", $"Pulling image \"{image}\"");
        try
        {
            var state = await PullAsync(pod, image, cancel).ConfigureAwait(false);
            var took = time.GetUtcNow() - now;
            var text = took.TotalSeconds >= 1 ? took.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + "s" : took.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + "ms";
            events.Normal(pod, container.FieldPath, "Pulled", $"Successfully pulled image \"{image}\" in {text} ({text} including waiting). Image size: {state.SizeBytes} bytes.");
            _backOffs.TryRemove(key, out _);
            return state;
        }
        catch (RuntimeException e)
        {
            var failed = time.GetUtcNow();
            var level = (backOff?.Level ?? 0) + 1;
            _backOffs[key] = new BackOff(level, failed + RestartBackOff.Delay(level), e.Message);
            events.Warning(pod, container.FieldPath, "Failed", $"Failed to pull image \"{image}\": {e.Message}");
            events.Warning(pod, container.FieldPath, "Failed", "Error: ErrImagePull");
            // Soon again, to say that it is a back-off now; the pull itself waits for the back-off.
            throw new ImageUnavailableException("ErrImagePull", e.Message, failed + SoonAgain);
        }
    }

    /// <summary>Forgets the back-offs of a pod that is gone.</summary>
    public void Forget(string uid)
    {
        foreach (var key in _backOffs.Keys.Where(k => k.Uid == uid)) _backOffs.TryRemove(key, out _);
    }

    private async Task<ImageState> PullAsync(Pod pod, string image, CancellationToken cancel)
    {
        var logins = credentials(pod, image);
        RuntimeException? last = null;
        foreach (var login in logins.Cast<RegistryCredentials?>().DefaultIfEmpty(null))
        {
            var key = (image, login?.Username ?? "");
            // The pull is shared by every pod that wants the image, so no single pod's cancellation ends it.
            var pull = _pulls.GetOrAdd(key, _ => new Lazy<Task<ImageState>>(() => runtime.PullImageAsync(image, login, CancellationToken.None)));
            try
            {
                return await pull.Value.WaitAsync(cancel).ConfigureAwait(false);
            }
            catch (RuntimeException e)
            {
                last = e;
            }
            finally
            {
                if (pull.Value.IsCompleted) _pulls.TryRemove(new(key, pull));
            }
        }
        throw last!;
    }

    private sealed record BackOff(int Level, DateTimeOffset Until, string Message);
}
