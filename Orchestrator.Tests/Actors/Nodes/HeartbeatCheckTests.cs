using Orchestrator.Actors.Nodes;
using Shouldly;

namespace Orchestrator.Tests.Actors.Nodes;

public sealed class HeartbeatCheckTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Seconds since the start; a grace of 10.</summary>
    [Theory]
    [InlineData(10, 10, 0, true, 10)] // silent for the whole grace
    [InlineData(10, 10, 1, false, 1)]
    [InlineData(10, 10, 10, false, 10)]
    [InlineData(17, 10, 3, false, 3)] // 14 s of silence, but the check is 7 s late: there may be a sign of life behind it
    [InlineData(20, 10, 0, true, 10)] // the silence is as long as grace and lateness
    [InlineData(30, 10, 9, false, 9)] // a process that stood still for 20 s
    [InlineData(9, 10, 0, false, 1)] // early is not late
    public void Silence_is_judged_by_the_grace_and_by_how_late_the_check_is(int now, int due, int heard, bool lost, int next) =>
        HeartbeatCheck.Judge(At(now), At(due), At(heard), TimeSpan.FromSeconds(10)).ShouldBe((lost, TimeSpan.FromSeconds(next)));

    private static DateTimeOffset At(int seconds) => Start.AddSeconds(seconds);
}
