using Microsoft.Extensions.Logging;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;

namespace Orchestrator.NodeAgent.Images;

/// <summary>
/// Keeps the disk of the engine's images below a threshold. Remembers when it first saw each image and when a container last used it, so call it regularly, also
/// while there is room. Only images that this agent saw used are ever removed: the engine is the machine's, and what a person put there by hand stays.
/// </summary>
public sealed partial class ImageGarbageCollector(IContainerRuntime runtime, ImageGarbagePolicy policy, TimeProvider time, ILogger log)
{
    private readonly Dictionary<string, (DateTimeOffset FirstSeen, DateTimeOffset? LastUsed)> _known = [];

    /// <summary>
    /// Looks, and removes what <see cref="ImageGarbagePlan"/> says for the disk's figures in bytes. Returns the ids removed; an image the engine refuses to remove (another user's
    /// container needs it) is skipped.
    /// </summary>
    public async Task<IReadOnlyList<string>> CollectAsync(long diskCapacity, long diskAvailable, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var images = await runtime.ListImagesAsync(cancel).ConfigureAwait(false);
        var used = (await runtime.ListAsync(cancel).ConfigureAwait(false)).Select(c => c.ImageId).ToHashSet();
        foreach (var gone in _known.Keys.Except(images.Select(i => i.Id)).ToList())
        {
            _known.Remove(gone);
        }

        foreach (var image in images)
        {
            var before = _known.GetValueOrDefault(image.Id, (now, null));
            _known[image.Id] = used.Contains(image.Id) ? (before.FirstSeen, now) : before;
        }

        var candidates = images.Where(i => _known[i.Id].LastUsed is not null).Select(i =>
            new CollectableImage(i.Id, i.SizeBytes, _known[i.Id].FirstSeen, _known[i.Id].LastUsed, used.Contains(i.Id), i.Tags.Contains(PauseImage.Reference)));
        var removed = new List<string>();
        foreach (var id in ImageGarbagePlan.Make(policy, diskCapacity, diskAvailable, candidates, now).Remove)
        {
            try
            {
                await runtime.RemoveImageAsync(id, cancel).ConfigureAwait(false);
                removed.Add(id);
            }
            catch (RuntimeException e)
            {
                LogKept(log, id, e.Message);
            }
        }

        return removed;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Image {Image} was not collected: {Why}")]
    private static partial void LogKept(ILogger log, string image, string why);
}
