namespace Orchestrator.Engine.Persistence;

/// <summary>Where a persistent actor's state comes from when it starts.</summary>
public abstract record Recovery
{
    private Recovery()
    {
    }

    /// <summary>The newest snapshot, where there is a store, then every later event.</summary>
    public static Recovery Full { get; } = new FromJournal();

    /// <summary>Nothing is replayed; only the highest sequence number is looked up, so that writing can go on.</summary>
    public static Recovery None { get; } = new Nothing();

    /// <summary>
    /// Only the newest event, for actors whose every event is their whole state. <paramref name="lookUp"/> gets the persistence id and gives the newest row or
    /// null. Where it completes synchronously, recovery happens within the actor's start.
    /// </summary>
    public static Recovery Latest(Func<string, ValueTask<JournalRow?>> lookUp) => new FromLatest(lookUp);

    internal sealed record FromJournal : Recovery;

    internal sealed record Nothing : Recovery;

    internal sealed record FromLatest(Func<string, ValueTask<JournalRow?>> LookUp) : Recovery;
}
