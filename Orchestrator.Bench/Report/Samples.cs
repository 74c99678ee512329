namespace Orchestrator.Bench.Report;

/// <summary>Measured durations.</summary>
public sealed class Samples
{
    private readonly List<double> _milliseconds = [];

    /// <summary>Adds one; safe from several threads.</summary>
    public void Add(TimeSpan duration)
    {
        lock (_milliseconds) _milliseconds.Add(duration.TotalMilliseconds);
    }

    /// <summary>The given percentile in milliseconds.</summary>
    public double Percentile(double p)
    {
        lock (_milliseconds)
        {
            var sorted = _milliseconds.Order().ToList();
            return sorted[Math.Min(sorted.Count - 1, (int)Math.Ceiling(p / 100 * sorted.Count) - 1)];
        }
    }
}
