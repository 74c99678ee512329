namespace Orchestrator.Actors.Resources;

/// <summary>When a control loop may try again what was refused: after 100 ms at first, twice as long each time, at most half a minute.</summary>
internal sealed class RetryBackoff
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private TimeSpan _delay = TimeSpan.Zero;
    private DateTimeOffset _until = DateTimeOffset.MinValue;

    /// <summary>One more failure.</summary>
    public void Fail(DateTimeOffset now)
    {
        // Several refusals of one batch are one failure.
        if (now < _until) return;
        _delay = _delay == TimeSpan.Zero ? First : _delay * 2 < Longest ? _delay * 2 : Longest;
        _until = now + _delay;
    }

    /// <summary>It worked.</summary>
    public void Succeed() => (_delay, _until) = (TimeSpan.Zero, DateTimeOffset.MinValue);

    /// <summary>How long to wait still, or null where nothing forbids trying now.</summary>
    public TimeSpan? Remaining(DateTimeOffset now) => _until > now ? _until - now : null;
}
