namespace Orchestrator.Actors.Scheduling;

/// <summary>Kubernetes' ways to bring raw scores to 0…100.</summary>
internal static class ScoreNormalization
{
    /// <summary>Scales so that the highest raw score becomes 100; with <paramref name="reverse"/>, high raw scores become low ones.</summary>
    public static void ToHundred(Span<long> scores, bool reverse)
    {
        long highest = 0;
        foreach (var score in scores) highest = Math.Max(highest, score);
        if (highest == 0)
        {
            if (reverse) scores.Fill(IScorePlugin.MaxScore);
            return;
        }
        foreach (ref var score in scores)
        {
            score = score * IScorePlugin.MaxScore / highest;
            if (reverse) score = IScorePlugin.MaxScore - score;
        }
    }

    /// <summary>Scales so that the lowest raw score becomes 0 and the highest 100; all become 0 where they are equal.</summary>
    public static void Stretch(Span<long> scores)
    {
        long lowest = long.MaxValue, highest = long.MinValue;
        foreach (var score in scores) (lowest, highest) = (Math.Min(lowest, score), Math.Max(highest, score));
        foreach (ref var score in scores) score = highest == lowest ? 0 : (long)(IScorePlugin.MaxScore * ((double)(score - lowest) / (highest - lowest)));
    }
}
