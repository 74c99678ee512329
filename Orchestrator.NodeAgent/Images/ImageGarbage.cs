namespace Orchestrator.NodeAgent.Images;

/// <summary>When images are collected: disk use in percent, and how old an image must be. The kubelet's defaults.</summary>
public sealed record ImageGarbagePolicy(int HighPercent = 85, int LowPercent = 80)
{
    /// <summary>Younger images are left alone: their container may be about to be created.</summary>
    public TimeSpan MinimumAge { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>An image as the collector sees it. <paramref name="LastUsed"/> is when a container of it was last seen, or null. Pinned ones (the sandbox's) are never collected.</summary>
public sealed record CollectableImage(string Id, long SizeBytes, DateTimeOffset FirstSeen, DateTimeOffset? LastUsed, bool InUse, bool Pinned);

/// <summary>Which images to remove, least recently used first, and how many bytes were to be freed.</summary>
public sealed record ImageGarbagePlan(IReadOnlyList<string> Remove, long BytesWanted)
{
    /// <summary>
    /// Nothing below the high threshold; above it, as many images as bring use down to the low one. Pure (kubelet's image GC manager).
    /// </summary>
    public static ImageGarbagePlan Make(ImageGarbagePolicy policy, long capacityBytes, long availableBytes, IEnumerable<CollectableImage> images, DateTimeOffset now)
    {
        if (capacityBytes <= 0)
        {
            return new ImageGarbagePlan([], 0);
        }

        var available = Math.Min(availableBytes, capacityBytes);
        var usedPercent = 100 - (int)(available * 100 / capacityBytes);
        if (usedPercent < policy.HighPercent)
        {
            return new ImageGarbagePlan([], 0);
        }

        var wanted = capacityBytes * (100 - policy.LowPercent) / 100 - available;
        var remove = new List<string>();
        var freed = 0L;
        foreach (var image in images
            .Where(i => !i.InUse && !i.Pinned && now - i.FirstSeen >= policy.MinimumAge)
            .OrderBy(i => i.LastUsed ?? DateTimeOffset.MinValue).ThenBy(i => i.FirstSeen))
        {
            if (freed >= wanted)
            {
                break;
            }

            remove.Add(image.Id);
            freed += image.SizeBytes;
        }

        return new ImageGarbagePlan(remove, wanted);
    }
}
