using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Orchestrator.Actors.Resources;
using Orchestrator.Tests.Acceptance;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Orchestrator.Tests.Nemesis;

/// <summary>
/// Three members on PostgreSQL, clients and watchers at work, and everything that can go wrong going wrong, one or two things at a time. Afterwards an independent checker judges what the
/// clients were told, and another who wrote what. <c>NEMESIS_MINUTES=30</c> is the long mode; <c>NEMESIS_SEED</c> repeats a run's faults; <c>NEMESIS_LOGS</c> is a folder that keeps the members' logs.
/// </summary>
[Trait("Needs", "postgres")]
[Collection(nameof(NemesisCollection))]
public sealed class NemesisTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Duration = TimeSpan.FromMinutes(double.Parse(Environment.GetEnvironmentVariable("NEMESIS_MINUTES") ?? "2", CultureInfo.InvariantCulture));

    private enum Fault
    {
        Kill,
        Pause,
        CutFromDatabase,
        CutFromMembers,
        CutFromClients,
        RestartDatabase,
        Stop,
        KillAndCutFromMembers,
        PauseThenCutFromDatabase,
    }

    [Fact]
    public async Task Whatever_fails_no_acknowledged_write_is_lost_and_nobody_reads_or_watches_a_lie()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("NEMESIS_SEED") ?? Random.Shared.Next(100_000).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var (random, history) = (new Random(seed), new History());
        var again = string.Create(CultureInfo.InvariantCulture, $"again: NEMESIS_SEED={seed} NEMESIS_MINUTES={Duration.TotalMinutes} ./test FullyQualifiedName~NemesisTests");
        output.WriteLine(again);
        await using var cluster = await NemesisCluster.StartAsync();
        try
        {
            await using var workload = new NemesisWorkload(cluster, history, seed);
            await workload.StartAsync(clients: 8, watchers: 4);
            var clock = Stopwatch.StartNew();
            while (clock.Elapsed < Duration) await HurtAsync(cluster, random, clock);
            for (var i = 0; i < NemesisCluster.Members; i++)
            {
                if (!cluster.IsRunning(i)) await cluster.StartMemberAsync(i);
                await cluster.WaitUntilReadyAsync(i);
            }
            await workload.StopAsync(TimeSpan.FromSeconds(30));
        }
        catch
        {
            output.WriteLine(cluster.Logs());
            throw;
        }
        List<string> problems = [.. HistoryChecker.Check(history)];
        Tell(history, cluster);
        problems.AddRange(await JudgeWritersAsync(cluster));
        if (problems.Count > 0) output.WriteLine(cluster.Logs());
        problems.ShouldBeEmpty(again);
        history.Calls.Count(c => c.Outcome == Outcome.Done).ShouldBeGreaterThan(500, "too little was done for the check to mean anything; " + again);
    }

    /// <summary>One fault, for some seconds, and its end. With what it was, the log of the run.</summary>
    private async Task HurtAsync(NemesisCluster cluster, Random random, Stopwatch clock)
    {
        var member = random.Next(NemesisCluster.Members);
        var other = (member + 1) % NemesisCluster.Members;
        var hold = TimeSpan.FromSeconds(1 + random.NextDouble() * 6);
        var skew = TimeSpan.FromMinutes(10 * random.Next(-1, 2));
        var fault = (Fault)random.Next(Enum.GetValues<Fault>().Length);
        output.WriteLine($"{clock.Elapsed:mm\\:ss} {fault}, member {member}, {hold.TotalSeconds:0.0} s{(fault is Fault.Kill or Fault.Stop or Fault.KillAndCutFromMembers ? $", back with a clock {skew.TotalMinutes:+0;-0;0} min off" : "")}");
        switch (fault)
        {
            case Fault.Kill:
                cluster.Kill(member);
                await HoldAsync(hold);
                await cluster.StartMemberAsync(member, skew);
                break;
            case Fault.Pause: // longer than its lease
                cluster.Pause(member);
                await HoldAsync(hold + TimeSpan.FromSeconds(3));
                cluster.Continue(member);
                break;
            case Fault.CutFromDatabase:
                await cluster.CutFromDatabaseAsync(member);
                await HoldAsync(hold);
                await cluster.HealAsync(member);
                break;
            case Fault.CutFromMembers: // also longer than they put up with
                await cluster.CutFromMembersAsync(member);
                await HoldAsync(hold * 2);
                await cluster.HealAsync(member);
                break;
            case Fault.CutFromClients:
                await cluster.CutFromClientsAsync(member);
                await HoldAsync(hold);
                await cluster.HealAsync(member);
                break;
            case Fault.RestartDatabase:
                await cluster.RestartDatabaseAsync();
                await HoldAsync(hold / 2);
                break;
            case Fault.Stop:
                await cluster.StopAsync(member);
                await cluster.StartMemberAsync(member, skew);
                break;
            case Fault.KillAndCutFromMembers:
                cluster.Kill(member);
                await cluster.CutFromMembersAsync(other);
                await HoldAsync(hold / 2);
                await cluster.HealAsync(other);
                await cluster.StartMemberAsync(member, skew);
                break;
            case Fault.PauseThenCutFromDatabase: // it goes on with what it had under way, and cannot ask
                cluster.Pause(member);
                await HoldAsync(TimeSpan.FromSeconds(4));
                await cluster.CutFromDatabaseAsync(member);
                cluster.Continue(member);
                await HoldAsync(hold);
                await cluster.HealAsync(member);
                break;
        }
        var healed = clock.Elapsed;
        for (var i = 0; i < NemesisCluster.Members; i++) await cluster.WaitUntilReadyAsync(i);
        output.WriteLine($"      all members ready {(clock.Elapsed - healed).TotalSeconds:0.0} s later");
    }

    /// <summary>How long a fault lasts is part of the fault, not a wait for anything.</summary>
    private static Task HoldAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);

    private void Tell(History history, NemesisCluster cluster)
    {
        foreach (var kind in history.Calls.GroupBy(c => (c.Operation, c.Outcome)).OrderBy(g => g.Key)) output.WriteLine($"{kind.Key.Operation} {kind.Key.Outcome}: {kind.Count()}");
        foreach (var watch in history.Watches) output.WriteLine($"a watcher saw {watch.Events.Count} events, connecting {watch.Reconnects + 1} times");
        var first = history.Calls.Min(c => c.Began);
        var seconds = history.Calls.Where(c => c.Outcome != Outcome.Unknown).GroupBy(c => (int)TimeProvider.System.GetElapsedTime(first, c.Ended).TotalSeconds).ToDictionary(g => g.Key, g => g.Count());
        output.WriteLine($"answers in each second: {string.Join(' ', Enumerable.Range(0, seconds.Keys.Max() + 1).Select(s => seconds.GetValueOrDefault(s)))}");
    }

    /// <summary>Who wrote what, and whether it was theirs to write. What the journal refused is told with whom it was refused for.</summary>
    private async Task<IReadOnlyList<string>> JudgeWritersAsync(NemesisCluster cluster)
    {
        var (writes, assignments) = (await cluster.Audit.WritesAsync(), await cluster.Audit.AssignmentsAsync());
        var extractor = new ResourceMessageExtractor(new ControlPlaneOptions().Shards);
        foreach (var life in writes.GroupBy(w => (w.Member, w.Life)).OrderBy(l => l.First().Ordering))
            output.WriteLine($"{life.Key.Member} in its life {life.Key.Life} wrote {life.Count()} rows of {life.Select(w => w.Object).Distinct().Count()} objects, {life.First().Ordering} to {life.Last().Ordering}");
        var second = cluster.Refused(NemesisCluster.SecondWriter);
        foreach (var refused in second)
        {
            var what = Regex.Match(refused, @"(\S+) already has an event with sequence number (\d+)");
            var (obj, number) = (what.Groups[1].Value, long.Parse(what.Groups[2].Value, CultureInfo.InvariantCulture));
            var other = writes.FirstOrDefault(w => w.Object == obj && w.SequenceNr == number);
            var shard = extractor.ShardId(obj);
            output.WriteLine($"refused: {refused}");
            output.WriteLine($"   it had been written: {other}; its shard's homes: {string.Join("; ", assignments.Where(a => a.Shard == shard))}");
        }
        output.WriteLine($"the journal refused {second.Count} writes of a second writer and {cluster.Refused(NemesisCluster.FencedWriter).Count} of a member that had been declared down");
        return OwnershipChecker.Check(writes, assignments, extractor.ShardId);
    }
}
