namespace Orchestrator.Actors.Scheduling;

/// <summary>How NodeResourcesFit scores nodes by how full they would be (scoringStrategy of its arguments).</summary>
public sealed class FitStrategy
{
    /// <summary>Scores of a shape go up to this.</summary>
    public const int HighestOfShape = 10;

    private readonly Func<long, long, long> _score;

    private FitStrategy(string name, IReadOnlyList<(string Name, long Weight)> resources, Func<long, long, long> score) => (Name, Resources, _score) = (name, resources, score);

    /// <summary>LeastAllocated over cpu and memory, which count the same.</summary>
    public static FitStrategy Default { get; } = Spread([("cpu", 1), ("memory", 1)]);

    /// <summary>Kubernetes' name of the strategy.</summary>
    public string Name { get; }

    /// <summary>The resources that count, with their weights.</summary>
    public IReadOnlyList<(string Name, long Weight)> Resources { get; }

    /// <summary>Whether this is <see cref="Default"/>.</summary>
    public bool IsDefault => ReferenceEquals(this, Default);

    /// <summary>Whether a resource with score 0 is left out rather than counted, and the mean is rounded: so with a shape.</summary>
    internal bool SkipsZero { get; private init; }

    /// <summary>LeastAllocated: the emptier the better.</summary>
    public static FitStrategy Spread(IReadOnlyList<(string Name, long Weight)> resources) => new("LeastAllocated", resources, LeastAllocated);

    /// <summary>MostAllocated: the fuller the better.</summary>
    public static FitStrategy Pack(IReadOnlyList<(string Name, long Weight)> resources) =>
        new("MostAllocated", resources, static (requested, capacity) => Share(Math.Min(requested, capacity), capacity));

    /// <summary>RequestedToCapacityRatio: points of utilization (0…100) and score (0…10), by rising utilization, with straight lines between them.</summary>
    public static FitStrategy Shaped(IReadOnlyList<(string Name, long Weight)> resources, IReadOnlyList<(long Utilization, long Score)> shape) =>
        new("RequestedToCapacityRatio", resources, (requested, capacity) => Along(shape, requested > capacity ? 100 : Share(requested, capacity))) { SkipsZero = true };

    /// <summary>A resource's score, 0…100, where <paramref name="requested"/> of <paramref name="capacity"/> (above 0) would be in use.</summary>
    public long Score(long requested, long capacity) => _score(requested, capacity);

    internal static long LeastAllocated(long requested, long capacity) => requested > capacity ? 0 : Share(capacity - requested, capacity);

    /// <summary>In 128 bits where needed: bytes of a large machine times 100 stay far below 2^63, but allocatable is whatever a node reports.</summary>
    private static long Share(long part, long whole) =>
        part < long.MaxValue / IScorePlugin.MaxScore ? part * IScorePlugin.MaxScore / whole : (long)((Int128)part * IScorePlugin.MaxScore / whole);

    private static long Along(IReadOnlyList<(long Utilization, long Score)> shape, long utilization)
    {
        const long Scale = IScorePlugin.MaxScore / HighestOfShape;
        for (var i = 0; i < shape.Count; i++)
        {
            var (at, score) = shape[i];
            if (utilization > at) continue;
            if (i == 0) return score * Scale;
            var (from, before) = shape[i - 1];
            return before * Scale + (score - before) * Scale * (utilization - from) / (at - from);
        }
        return shape[^1].Score * Scale;
    }
}
