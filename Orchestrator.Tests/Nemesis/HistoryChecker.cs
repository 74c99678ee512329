namespace Orchestrator.Tests.Nemesis;

/// <summary>
/// Independent oracle of a run: knows nothing of the product but Kubernetes' promises. The watchers' events, which have to agree with each other, are what happened; every call's
/// answer must fit them at some moment between its beginning and its end.
/// </summary>
public static class HistoryChecker
{
    /// <summary>What is wrong, one line each; empty for a history that a single, never failing server could have produced.</summary>
    public static IReadOnlyList<string> Check(History history)
    {
        var problems = new List<string>();
        foreach (var watch in history.Watches) CheckOrder(watch, problems);
        var truth = Truth(history.Watches, problems);
        foreach (var watch in history.Watches) CheckComplete(watch, truth, problems);
        CheckTransitions(history.Watches, truth, problems);
        CheckWrites(history.Calls, truth, problems);
        foreach (var calls in history.Calls.GroupBy(c => c.Name)) CheckObject(calls.Key, [.. calls], [.. truth.Values.Where(e => e.Name == calls.Key)], history.Watches, problems);
        return problems;
    }

    /// <summary>Ordered, and each event once.</summary>
    private static void CheckOrder(Watched watch, List<string> problems)
    {
        var last = watch.From;
        foreach (var e in watch.Events)
        {
            if (e.Version <= last) problems.Add($"a watcher saw {e} after version {last}");
            last = e.Version;
        }
    }

    /// <summary>All events of all watchers by version; two watchers may not tell a different story about one.</summary>
    private static SortedDictionary<long, Seen> Truth(IEnumerable<Watched> watches, List<string> problems)
    {
        var truth = new SortedDictionary<long, Seen>();
        foreach (var e in watches.SelectMany(w => w.Events))
        {
            if (!truth.TryGetValue(e.Version, out var other)) truth[e.Version] = e;
            else if (other != e) problems.Add($"two watchers saw different events at one version: {other} and {e}");
        }
        return truth;
    }

    /// <summary>Nothing between a watcher's first and last version that another saw and it did not.</summary>
    private static void CheckComplete(Watched watch, SortedDictionary<long, Seen> truth, List<string> problems)
    {
        if (watch.Events.Count == 0) return;
        var saw = watch.Events.Select(e => e.Version).ToHashSet();
        problems.AddRange(truth.Values.Where(e => e.Version > watch.From && e.Version <= watch.Events[^1].Version && !saw.Contains(e.Version)).Select(e => $"a watcher from {watch.From} missed {e}"));
    }

    /// <summary>An object is added where it is not, modified and deleted where it is.</summary>
    private static void CheckTransitions(IReadOnlyList<Watched> watches, SortedDictionary<long, Seen> truth, List<string> problems)
    {
        var earliest = watches.MinBy(w => w.From)!;
        var present = earliest.Listed.Keys.ToHashSet();
        foreach (var e in truth.Values)
        {
            var fits = e.Type == "ADDED" ? present.Add(e.Name) : e.Type == "DELETED" ? present.Remove(e.Name) : present.Contains(e.Name);
            if (!fits) problems.Add($"{e} does not follow on what was there before");
        }
    }

    /// <summary>What was acknowledged happened, as it was acknowledged; nothing happened that nobody asked for, and nothing twice.</summary>
    private static void CheckWrites(IEnumerable<Call> calls, SortedDictionary<long, Seen> truth, List<string> problems)
    {
        var asked = new HashSet<string>();
        foreach (var call in calls)
        {
            if (call.Operation is Operation.Create or Operation.Patch && call.Outcome != Outcome.Refused) asked.Add(call.Value);
            if (call.Outcome != Outcome.Done || call.Operation == Operation.Get || call.Version == 0) continue;
            var type = call.Operation switch { Operation.Create => "ADDED", Operation.Patch => "MODIFIED", _ => "DELETED" };
            if (!truth.TryGetValue(call.Version, out var e)) problems.Add($"an acknowledged write is lost: {call}");
            else if (e.Type != type || e.Name != call.Name || (call.Operation != Operation.Delete && e.Value != call.Value)) problems.Add($"an acknowledged write became something else: {call} is {e}");
        }
        foreach (var writes in truth.Values.Where(e => e.Type != "DELETED").GroupBy(e => e.Value))
        {
            if (!asked.Contains(writes.Key)) problems.Add($"nobody wrote {writes.First()}");
            if (writes.Count() > 1) problems.Add($"one write happened {writes.Count()} times: {writes.First()}");
        }
    }

    /// <summary>
    /// Linearizable: versions are a total order of what happened, so it is enough that every answer fits the object at some version not older than what had been answered before the call
    /// began, and older than what was begun after it had ended.
    /// </summary>
    private static void CheckObject(string name, List<Call> calls, List<Seen> events, IReadOnlyList<Watched> watches, List<string> problems)
    {
        var earliest = watches.MinBy(w => w.From)!;
        var start = earliest.Listed.TryGetValue(name, out var listed) ? listed : new Seen(0, "DELETED", name, "");
        List<Seen> states = [start, .. events];
        var byVersion = states.ToLookup(s => s.Version);
        var bounds = new AnswerBounds(calls);
        foreach (var call in calls.Where(c => c.Outcome != Outcome.Unknown))
        {
            var (low, after) = (bounds.AnsweredBefore(call.Began), bounds.WrittenAfter(call.Ended));
            if (call is { Outcome: Outcome.Done, Operation: Operation.Delete, Version: 0 })
            {
                // The answer does not say when; it has to have been meanwhile.
                if (!HeldWithin(states, low + 1, after, e => e.Type == "DELETED" && e.Version > low)) problems.Add($"an acknowledged deletion is lost: {call}");
                continue;
            }
            if (call.Outcome == Outcome.Done)
            {
                if (call.Version < low) problems.Add($"{call} is older than {low}, which had been answered before");
                if (call.Version > after) problems.Add($"{call} is newer than {after}, which was begun after it had ended");
                if (call.Operation == Operation.Get && !byVersion[call.Version].Any(s => s.Type != "DELETED" && s.Value == call.Value))
                    problems.Add($"{call} was read, but never was so");
                continue;
            }
            var wanted = call.Operation == Operation.Create; // refused because it was there
            if (!HeldWithin(states, low, after, e => e.Type != "DELETED" == wanted)) problems.Add($"{call} was refused, but the object was {(wanted ? "never there" : "there all the time")} between {low} and {after}");
        }
    }

    /// <summary>Whether the object was in such a state at some version from <paramref name="low"/> on, before <paramref name="after"/>.</summary>
    private static bool HeldWithin(List<Seen> states, long low, long after, Func<Seen, bool> fits)
    {
        // The last state that began at or before low is the first that counts.
        var (from, to) = (0, states.Count);
        while (to - from > 1)
        {
            var middle = (from + to) / 2;
            if (states[middle].Version <= low) from = middle;
            else to = middle;
        }
        for (var i = from; i < states.Count && states[i].Version < after; i++)
            if (fits(states[i])) return true;
        return false;
    }

    /// <summary>Which versions the answers about one object leave possible at a moment. Without a version (a deletion may be answered with a mere Status) a call bounds nothing.</summary>
    private sealed class AnswerBounds
    {
        private readonly long[] _ended;
        private readonly long[] _newest;
        private readonly long[] _began;
        private readonly long[] _oldest;

        public AnswerBounds(List<Call> calls)
        {
            var done = calls.Where(c => c.Outcome == Outcome.Done && c.Version > 0).ToList();
            var answers = done.OrderBy(c => c.Ended).ToList();
            _ended = [.. answers.Select(c => c.Ended)];
            _newest = [.. answers.Select(c => c.Version)];
            for (var i = 1; i < _newest.Length; i++) _newest[i] = Math.Max(_newest[i], _newest[i - 1]);
            var writes = done.Where(c => c.Operation != Operation.Get).OrderBy(c => c.Began).ToList();
            _began = [.. writes.Select(c => c.Began)];
            _oldest = [.. writes.Select(c => c.Version)];
            for (var i = _oldest.Length - 2; i >= 0; i--) _oldest[i] = Math.Min(_oldest[i], _oldest[i + 1]);
        }

        /// <summary>The newest version that was answered before <paramref name="moment"/>; 0 for none.</summary>
        public long AnsweredBefore(long moment) => FirstNotBefore(_ended, moment) is > 0 and var count ? _newest[count - 1] : 0;

        /// <summary>The oldest version of a write that was begun after <paramref name="moment"/>; the largest number for none.</summary>
        public long WrittenAfter(long moment) => FirstNotBefore(_began, moment + 1) is var at && at < _oldest.Length ? _oldest[at] : long.MaxValue;

        private static int FirstNotBefore(long[] sorted, long moment)
        {
            var (from, to) = (0, sorted.Length);
            while (from < to)
            {
                var middle = (from + to) / 2;
                if (sorted[middle] < moment) from = middle + 1;
                else to = middle;
            }
            return from;
        }
    }
}
