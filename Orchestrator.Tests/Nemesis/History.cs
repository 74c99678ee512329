using System.Collections.Concurrent;

namespace Orchestrator.Tests.Nemesis;

/// <summary>What a client asked for.</summary>
public enum Operation
{
    Create,
    Patch,
    Delete,
    Get,
}

/// <summary>What a client was told.</summary>
public enum Outcome
{
    /// <summary>Done: <see cref="Call.Version"/> is the resourceVersion of the answer, <see cref="Call.Value"/> what was written or read.</summary>
    Done,

    /// <summary>Refused because the object was there (create), or not there (the others).</summary>
    Refused,

    /// <summary>No answer, or one that leaves it open: it may have happened, or may yet.</summary>
    Unknown,
}

/// <summary>One call of one client on one object, with the times (of one clock) at which it began and ended.</summary>
public sealed record Call(Operation Operation, string Name, string Value, long Began, long Ended, Outcome Outcome, long Version);

/// <summary>One event as a watcher saw it.</summary>
public sealed record Seen(long Version, string Type, string Name, string Value);

/// <summary>A watcher: the version its list was exact at, what the list held, and every event after it. <see cref="Restarts"/> counts lists after a 410, before which it may have missed events.</summary>
public sealed class Watched(long from, IReadOnlyDictionary<string, Seen> listed)
{
    public long From => from;

    public IReadOnlyDictionary<string, Seen> Listed => listed;

    public List<Seen> Events { get; } = [];

    public int Reconnects { get; set; }
}

/// <summary>Everything the clients of a run saw.</summary>
public sealed class History
{
    public ConcurrentQueue<Call> Calls { get; } = new();

    public List<Watched> Watches { get; } = [];
}
