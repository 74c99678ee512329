namespace Orchestrator.NodeAgent.Pods;

/// <summary>
/// The kubelet's crash-loop back-off as a function of what a container's labels say: the first restart is immediate, then 10 s doubling to five minutes,
/// and a try that lasted longer than ten minutes starts over. The level travels in a label, so an agent restart forgets nothing.
/// </summary>
public static class RestartBackOff
{
    /// <summary>First delay.</summary>
    public static readonly TimeSpan Initial = TimeSpan.FromSeconds(10);

    /// <summary>Longest delay.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromMinutes(5);

    /// <summary>How long the try of this level must have been over before the next one starts.</summary>
    public static TimeSpan Delay(int level) => level <= 0 ? TimeSpan.Zero : level > 6 ? Max : TimeSpan.FromTicks(Math.Min(Initial.Ticks << (level - 1), Max.Ticks));

    /// <summary>When the try after <paramref name="ended"/> may start, and the level it starts with.</summary>
    public static (DateTimeOffset At, TimeSpan Delay, int Level) Next(ObservedContainer ended)
    {
        var finished = ended.FinishedAt ?? ended.CreatedAt;
        if (finished - ended.CreatedAt > Max * 2) return (finished, TimeSpan.Zero, 1);
        var delay = Delay(ended.BackOffLevel);
        return (finished + delay, delay, ended.BackOffLevel + 1);
    }

    /// <summary>The delay as Go prints durations: <c>10s</c>, <c>1m20s</c>, <c>5m0s</c>.</summary>
    public static string Format(TimeSpan delay) => delay.TotalMinutes >= 1 ? $"{(int)delay.TotalMinutes}m{delay.Seconds}s" : $"{(int)delay.TotalSeconds}s";
}
