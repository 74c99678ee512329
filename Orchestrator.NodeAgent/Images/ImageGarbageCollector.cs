using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;

namespace Orchestrator.NodeAgent.Images;

/// <summary>What a collection of images came to; sizes in bytes. <paramref name="Refused"/> are images that the engine would not remove, with its words.</summary>
public sealed record ImageGarbageResult(IReadOnlyList<string> Removed, IReadOnlyList<(string Id, string Why)> Refused, long BytesWanted, long BytesFreed)
{
    /// <summary>Less was found than the disk needs.</summary>
    public bool FellShort => BytesFreed < BytesWanted;
}

/// <summary>
/// Keeps the disk of the engine's images below a threshold. Remembers when it first saw each image and when a container last used it, so let it observe regularly, also
/// while there is room. Only images that this agent saw used are ever removed: the engine is the machine's, and what a person put there by hand stays.
/// One caller at a time.
/// </summary>
public sealed class ImageGarbageCollector(IContainerRuntime runtime, ImageGarbagePolicy policy, TimeProvider time)
{
    private readonly Dictionary<string, (DateTimeOffset FirstSeen, DateTimeOffset? LastUsed)> _known = [];
    private IReadOnlyList<ImageState> _images = [];
    private HashSet<string> _used = [];

    /// <summary>Lists the images and notes which of them <paramref name="containers"/>, running or not, use now.</summary>
    public async Task ObserveAsync(IReadOnlyList<ContainerState> containers, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        _images = await runtime.ListImagesAsync(cancel).ConfigureAwait(false);
        _used = containers.Select(c => c.ImageId).ToHashSet();
        foreach (var gone in _known.Keys.Except(_images.Select(i => i.Id)).ToList())
        {
            _known.Remove(gone);
        }

        foreach (var image in _images)
        {
            var before = _known.GetValueOrDefault(image.Id, (now, null));
            _known[image.Id] = _used.Contains(image.Id) ? (before.FirstSeen, now) : before;
        }
    }

    /// <summary>Of what was observed last, removes what <see cref="ImageGarbagePlan"/> says for the disk's figures in bytes.</summary>
    public async Task<ImageGarbageResult> CollectAsync(long diskCapacity, long diskAvailable, CancellationToken cancel)
    {
        var candidates = _images.Where(i => _known[i.Id].LastUsed is not null).Select(i =>
            new CollectableImage(i.Id, i.SizeBytes, _known[i.Id].FirstSeen, _known[i.Id].LastUsed, _used.Contains(i.Id), i.Tags.Contains(PauseImage.Reference)));
        var plan = ImageGarbagePlan.Make(policy, diskCapacity, diskAvailable, candidates, time.GetUtcNow());
        var sizes = _images.ToDictionary(i => i.Id, i => i.SizeBytes);
        var removed = new List<string>();
        var refused = new List<(string, string)>();
        foreach (var id in plan.Remove)
        {
            try
            {
                await runtime.RemoveImageAsync(id, cancel).ConfigureAwait(false);
                removed.Add(id);
            }
            catch (RuntimeException e)
            {
                // Somebody else's container needs it.
                refused.Add((id, e.Message));
            }
        }

        return new ImageGarbageResult(removed, refused, plan.BytesWanted, removed.Sum(id => sizes[id]));
    }
}
