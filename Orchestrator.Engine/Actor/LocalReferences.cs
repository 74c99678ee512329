using System.Collections.Concurrent;
using System.Globalization;

namespace Orchestrator.Engine.Actor;

/// <summary>
/// From what other systems call an actor of this one to its reference: a walk down the tree for actors, a table for references that stand for something
/// else (the front of a shard region, a test's probe) and for the senders of Asks. Thread-safe.
/// </summary>
internal sealed class LocalReferences(ActorSystem system)
{
    private readonly ConcurrentDictionary<string, InternalActorRef> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, InternalActorRef> _temporary = new(StringComparer.Ordinal);

    /// <summary>Senders of Asks that other systems may still answer.</summary>
    public int Temporaries => _temporary.Count;

    /// <summary>From now on the reference is found under its path, also where an actor has that path.</summary>
    public void Register(InternalActorRef reference) => _known[reference.Path.ToStringWithoutAddress()] = reference;

    public void AddTemporary(string name, InternalActorRef reference) => _temporary[name] = reference;

    public void RemoveTemporary(string name) => _temporary.TryRemove(name, out _);

    /// <summary>
    /// How other systems name a reference of this one; it is found under that name from now on. Null for what no answer can reach: none, dead letters.
    /// </summary>
    public string? NameOf(InternalActorRef reference)
    {
        switch (reference)
        {
            case LocalActorRef or TemporaryActorRef:
                return reference.WireForm;
            case DeadLetterRef:
                return null;
            default:
                if (ReferenceEquals(reference, ActorRefs.Nobody) || reference.System is null)
                    return null;
                if (reference is not AbsentActorRef)
                    _known.TryAdd(reference.Path.ToStringWithoutAddress(), reference);
                return reference.WireForm;
        }
    }

    /// <summary>The reference under a name such as <c>/user/a#17</c>; one to nobody where no such incarnation is there.</summary>
    public InternalActorRef Resolve(string name)
    {
        if (name.StartsWith(TemporaryActorRef.Prefix, StringComparison.Ordinal))
            return _temporary.TryGetValue(name, out var temporary) ? temporary : Absent(name, 0);
        long uid = 0;
        var hash = name.LastIndexOf('#');
        if (hash >= 0)
        {
            if (!long.TryParse(name.AsSpan(hash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out uid))
                throw new FormatException($"\"{name}\" is no path of an actor.");
            name = name[..hash];
        }

        var found = _known.TryGetValue(name, out var known) ? known : Walk(name);
        return found is not null && (uid == 0 || found.Path.Uid == uid) ? found : Absent(name, uid);
    }

    private LocalActorRef? Walk(string name)
    {
        var actor = system.RootRef;
        foreach (var range in name.AsSpan().Split('/'))
        {
            if (range.Start.Value == range.End.Value)
                continue;
            if (actor.Cell.Child(name[range]) is not LocalActorRef child)
                return null;
            actor = child;
        }

        return actor;
    }

    private AbsentActorRef Absent(string name, long uid)
    {
        var path = ActorPath.Root(Address.Local(system.Name));
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < parts.Length; i++)
            path = path.Child(parts[i], i == parts.Length - 1 ? uid : 0);
        return new AbsentActorRef(path, system);
    }
}
