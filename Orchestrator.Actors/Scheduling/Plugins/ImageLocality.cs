namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Prefers nodes that have the pod's images already: the images' bytes on the node, each scaled by the share of nodes that have it (so that a new image does not
/// heap pods up on the one node that has it), between 23 MB and 1000 MB per container.
/// </summary>
public sealed class ImageLocality : IScorePlugin
{
    private const long Megabyte = 1024 * 1024;
    private const long LowerBound = 23 * Megabyte;
    private const long UpperBoundPerContainer = 1000 * Megabyte;

    /// <inheritdoc/>
    public string Name => "ImageLocality";

    /// <inheritdoc/>
    public long Weight => 1;

    /// <inheritdoc/>
    public IPodScore? Prepare(PodInfo pod, NodeTable nodes, ReadOnlySpan<NodeInfo> feasible)
    {
        List<(ImageInfo, long)>? images = null;
        foreach (var name in pod.Images)
            if (nodes.Images.Find(name) is { } image) (images ??= []).Add((image, (long)(image.Size * ((double)image.Nodes / nodes.Nodes.Count))));
        return images is null ? null : new Locality([.. images], UpperBoundPerContainer * pod.Images.Length);
    }

    private sealed class Locality((ImageInfo Image, long Worth)[] images, long upperBound) : IPodScore
    {
        public long Score(NodeInfo node)
        {
            long sum = 0;
            foreach (var (image, worth) in images)
                if (image.IsOn(node)) sum += worth;
            return IScorePlugin.MaxScore * (Math.Clamp(sum, LowerBound, upperBound) - LowerBound) / (upperBound - LowerBound);
        }
    }
}
