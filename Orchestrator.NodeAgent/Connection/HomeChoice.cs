namespace Orchestrator.NodeAgent.Connection;

/// <summary>
/// Which member an agent has as its home: any connected one, as long as it stays connected and does not refuse. A member that has refused is asked again only after the others were.
/// Pure; members are named by the path of their endpoint.
/// </summary>
internal sealed class HomeChoice(Random random)
{
    private readonly Dictionary<string, Known> _members = new(StringComparer.Ordinal);
    private long _refusals;

    /// <summary>The member in use; null where none is.</summary>
    public string? Home { get; private set; }

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<string> Members => _members.Keys;

    /// <summary>Replaces the set. Returns those that are new and those that are gone; the home may be among the latter.</summary>
    public (IReadOnlyList<string> Added, IReadOnlyList<string> Removed) Set(IReadOnlyList<string> members)
    {
        var added = members.Where(m => !_members.ContainsKey(m)).ToList();
        var removed = _members.Keys.Except(members).ToList();
        foreach (var member in added) _members[member] = new Known();
        foreach (var member in removed) _members.Remove(member);
        if (Home is not null && !_members.ContainsKey(Home)) Home = null;
        return (added, removed);
    }

    /// <summary>A connection is up. Whether there is news is told by <see cref="Home"/>.</summary>
    public void Connected(string member)
    {
        if (_members.TryGetValue(member, out var known)) known.IsConnected = true;
    }

    /// <summary>A connection is gone, or the member's endpoint is.</summary>
    public void Disconnected(string member)
    {
        if (_members.TryGetValue(member, out var known)) known.IsConnected = false;
        if (Home == member) Home = null;
    }

    /// <summary>The home does not want the agent, or does not answer.</summary>
    public void Refused(string member)
    {
        if (_members.TryGetValue(member, out var known)) known.RefusedAt = ++_refusals;
        if (Home == member) Home = null;
    }

    /// <summary>The home has welcomed the agent: refusals of before are forgotten.</summary>
    public void Welcomed()
    {
        foreach (var known in _members.Values) known.RefusedAt = 0;
    }

    /// <summary>
    /// Takes a home where there is none: among the connected ones that have not refused, any (so that agents spread over members). Where all connected ones have refused, null, unless
    /// <paramref name="again"/>: then the one whose refusal is the oldest.
    /// </summary>
    public string? Choose(bool again)
    {
        if (Home is not null) return Home;
        var connected = _members.Where(m => m.Value.IsConnected).ToList();
        var willing = connected.Where(m => m.Value.RefusedAt == 0).Select(m => m.Key).Order(StringComparer.Ordinal).ToList();
        if (willing.Count > 0) Home = willing[random.Next(willing.Count)];
        else if (again && connected.Count > 0) Home = connected.MinBy(m => m.Value.RefusedAt).Key;
        return Home;
    }

    private sealed class Known
    {
        public bool IsConnected { get; set; }

        public long RefusedAt { get; set; }
    }
}
