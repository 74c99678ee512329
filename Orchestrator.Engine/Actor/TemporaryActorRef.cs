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

    internal override ActorSystem? System => system;

    internal override string WireForm => Volatile.Read(ref _name) ?? GiveName();

    /// <summary>Whether it still waits.</summary>
    protected abstract bool IsCompleted { get; }

    /// <summary>Nobody waits any more.</summary>
    protected void Withdraw()
    {
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
