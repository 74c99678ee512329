namespace Orchestrator.Api.Hosting;

/// <summary>A clock that shows another time of day and otherwise runs as the true one: intervals, timers and timestamps are the same.</summary>
public sealed class ShiftedTimeProvider : TimeProvider
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _offset;

    private ShiftedTimeProvider(TimeProvider time, TimeSpan offset) => (_time, _offset) = (time, offset);

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => _time.LocalTimeZone;

    /// <inheritdoc/>
    public override long TimestampFrequency => _time.TimestampFrequency;

    /// <summary>The clock itself where <paramref name="offset"/> is nothing.</summary>
    public static TimeProvider Of(TimeProvider time, TimeSpan offset) => offset == TimeSpan.Zero ? time : new ShiftedTimeProvider(time, offset);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _time.GetUtcNow() + _offset;

    /// <inheritdoc/>
    public override long GetTimestamp() => _time.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => _time.CreateTimer(callback, state, dueTime, period);
}
