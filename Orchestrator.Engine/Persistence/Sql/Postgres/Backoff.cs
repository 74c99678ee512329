namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>Pauses between attempts to reach a database: growing, with jitter so that members do not come back as one.</summary>
internal sealed class Backoff(Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>Before the attempt after the <paramref name="failures"/>th failure (from 1): between half of and the whole of 20 ms, 40 ms, … up to 1 s.</summary>
    public TimeSpan After(int failures)
    {
        var whole = First * Math.Pow(2, Math.Min(failures - 1, 10));
        if (whole > Longest) whole = Longest;
        lock (random) return whole * (0.5 + (random.NextDouble() / 2));
    }
}
