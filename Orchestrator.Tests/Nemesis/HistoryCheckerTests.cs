using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Nemesis;

/// <summary>The oracle itself: it accepts what one correct server does, and finds each kind of lie.</summary>
public sealed class HistoryCheckerTests
{
    [Fact]
    public void What_one_correct_server_does_is_accepted() => HistoryChecker.Check(Correct()).ShouldBeEmpty();

    [Fact]
    public void A_lost_acknowledged_write_is_found() =>
        Check(h => h.Calls.Enqueue(new Call(Operation.Patch, "a", "p9", 90, 91, Outcome.Done, 99))).ShouldContain(p => p.Contains("lost"));

    [Fact]
    public void A_stale_read_is_found() =>
        Check(h => h.Calls.Enqueue(new Call(Operation.Get, "a", "c1", 90, 91, Outcome.Done, 11))).ShouldContain(p => p.Contains("older than"));

    [Fact]
    public void A_read_of_what_never_was_is_found() =>
        Check(h => h.Calls.Enqueue(new Call(Operation.Get, "a", "x", 22, 23, Outcome.Done, 12))).ShouldContain(p => p.Contains("never was so"));

    [Fact]
    public void An_absence_that_never_was_is_found() =>
        Check(h => h.Calls.Enqueue(new Call(Operation.Get, "a", "", 22, 23, Outcome.Refused, 0))).ShouldContain(p => p.Contains("there all the time"));

    [Fact]
    public void A_watcher_that_misses_an_event_is_found() => Check(h => h.Watches[1].Events.RemoveAt(1)).ShouldContain(p => p.Contains("missed"));

    [Fact]
    public void Disorder_is_found() => Check(h => h.Watches[1].Events.Reverse()).ShouldContain(p => p.Contains("after version"));

    [Fact]
    public void A_write_that_happens_twice_is_found() => Check(h =>
    {
        foreach (var watch in h.Watches) watch.Events.Add(new Seen(40, "MODIFIED", "a", "p2"));
    }).ShouldContain(p => p.Contains("2 times"));

    [Fact]
    public void A_write_of_nobody_is_found() => Check(h =>
    {
        foreach (var watch in h.Watches) watch.Events.Add(new Seen(40, "ADDED", "b", "ghost"));
    }).ShouldContain(p => p.Contains("nobody wrote"));

    private static IReadOnlyList<string> Check(Action<History> spoil)
    {
        var history = Correct();
        spoil(history);
        return HistoryChecker.Check(history);
    }

    private static History Correct()
    {
        var history = new History();
        Seen[] events = [new(11, "ADDED", "a", "c1"), new(12, "MODIFIED", "a", "p2"), new(15, "DELETED", "a", "p2"), new(16, "ADDED", "a", "c3")];
        foreach (var call in (Call[])
        [
            new(Operation.Get, "a", "", 1, 2, Outcome.Refused, 0), new(Operation.Create, "a", "c1", 10, 12, Outcome.Done, 11), new(Operation.Create, "a", "c2", 13, 14, Outcome.Refused, 0),
            new(Operation.Patch, "a", "p2", 15, 30, Outcome.Unknown, 0), new(Operation.Get, "a", "p2", 20, 21, Outcome.Done, 12), new(Operation.Delete, "a", "", 40, 44, Outcome.Done, 15),
            new(Operation.Create, "a", "c3", 50, 55, Outcome.Done, 16), new(Operation.Get, "a", "c3", 60, 61, Outcome.Done, 16),
        ]) history.Calls.Enqueue(call);
        for (var i = 0; i < 2; i++)
        {
            history.Watches.Add(new Watched(10, new Dictionary<string, Seen>()));
            history.Watches[i].Events.AddRange(events);
        }
        return history;
    }
}
