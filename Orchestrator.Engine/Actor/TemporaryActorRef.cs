using System.Collections.Concurrent;
using System.Globalization;

namespace Orchestrator.Engine.Actor;

/// <summary>
/// Receives one answer. It is no actor and has no name of its own; only when it goes to another system as somebody's sender does it get one, under which
/// the answer finds it until it has come or is no longer waited for.
/// </summary>
internal abstract class TemporaryActorRef(ActorSystem? system) : InternalActorRef(TempPath)
{
    /// <summary>What temporary names begin with.</summary>
    public const string Prefix = "/temp/";

    private static readonly ActorPath TempPath = ActorPath.Root("temp").Child("ask");

    private string? _name;
    private ConcurrentDictionary<TemporaryActorRef, bool>? _among;

    internal override ActorSystem? System => system;

    internal override string WireForm => Volatile.Read(ref _name) ?? GiveName();

    /// <summary>Whether it still waits.</summary>
    protected abstract bool IsCompleted { get; }

    /// <summary>It is one of these from now on, until it has its answer; of those it was among before no more.</summary>
    internal void WaitAmong(ConcurrentDictionary<TemporaryActorRef, bool> others)
    {
        others.TryAdd(this, true);
        if (Interlocked.Exchange(ref _among, others) is { } before && !ReferenceEquals(before, others))
            before.TryRemove(this, out _);
        if (IsCompleted)
            others.TryRemove(this, out _);
    }

    /// <summary>Nobody waits any more.</summary>
    protected void Withdraw()
    {
        Volatile.Read(ref _among)?.TryRemove(this, out _);
        if (Volatile.Read(ref _name) is { } name)
            system?.References.RemoveTemporary(name);
    }

    private string GiveName()
    {
        // Not counted but drawn: nobody who was not told can answer in somebody else's place.
        var name = Prefix + Random.Shared.NextInt64().ToString("x", CultureInfo.InvariantCulture);
        if (Interlocked.CompareExchange(ref _name, name, null) is { } other)
            return other;
        system!.References.AddTemporary(name, this);
        if (IsCompleted)
            Withdraw();
        return name;
    }
}
