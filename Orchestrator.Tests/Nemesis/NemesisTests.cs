using System.Diagnostics;
using System.Globalization;
using Orchestrator.Tests.Acceptance;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Orchestrator.Tests.Nemesis;

/// <summary>
/// Three members on PostgreSQL, clients and watchers at work, and everything that can go wrong going wrong, one or two things at a time. Afterwards an independent checker judges what the
/// clients were told. <c>NEMESIS_MINUTES=30</c> is the long mode; <c>NEMESIS_SEED</c> repeats a run's faults.
/// </summary>
[Trait("Needs", "postgres")]
[Collection(nameof(NemesisCollection))]
public sealed class NemesisTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Duration = TimeSpan.FromMinutes(double.Parse(Environment.GetEnvironmentVariable("NEMESIS_MINUTES") ?? "2", CultureInfo.InvariantCulture));

    [Fact]
    public async Task Whatever_fails_no_acknowledged_write_is_lost_and_nobody_reads_or_watches_a_lie()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("NEMESIS_SEED") ?? Random.Shared.Next(100_000).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var (random, history) = (new Random(seed), new History());
        output.WriteLine($"seed {seed}, {Duration.TotalMinutes} minutes");
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
        Tell(history, cluster);
        var problems = HistoryChecker.Check(history);
        if (problems.Count > 0) output.WriteLine(cluster.Logs());
        problems.ShouldBeEmpty($"seed {seed}");
        history.Calls.Count(c => c.Outcome == Outcome.Done).ShouldBeGreaterThan(500, "too little was done for the check to mean anything");
    }

    /// <summary>One fault, for some seconds, and its end. With what it was, the log of the run.</summary>
    private async Task HurtAsync(NemesisCluster cluster, Random random, Stopwatch clock)
    {
        var member = random.Next(NemesisCluster.Members);
        var hold = TimeSpan.FromSeconds(1 + random.NextDouble() * 6);
        var fault = random.Next(8);
        output.WriteLine($"{clock.Elapsed:mm\\:ss} fault {fault} on member {member} for {hold.TotalSeconds:0.0} s");
        switch (fault)
        {
            case 0:
                cluster.Kill(member);
                await HoldAsync(hold);
                await cluster.StartMemberAsync(member);
                break;
            case 1: // longer than its lease
                cluster.Pause(member);
                await HoldAsync(hold + TimeSpan.FromSeconds(3));
                cluster.Continue(member);
                break;
            case 2:
                await cluster.CutFromDatabaseAsync(member);
                await HoldAsync(hold);
                await cluster.HealAsync(member);
                break;
            case 3:
                await cluster.CutFromMembersAsync(member);
                await HoldAsync(hold);
                await cluster.HealAsync(member);
                break;
            case 4:
                await cluster.CutFromClientsAsync(member);
                await HoldAsync(hold);
                await cluster.HealAsync(member);
                break;
            case 5:
                await cluster.RestartDatabaseAsync();
                await HoldAsync(hold / 2);
                break;
            case 6:
                await cluster.StopAsync(member);
                await cluster.StartMemberAsync(member);
                break;
            default: // two at once
                var other = (member + 1) % NemesisCluster.Members;
                cluster.Kill(member);
                await cluster.CutFromMembersAsync(other);
                await HoldAsync(hold / 2);
                await cluster.HealAsync(other);
                await cluster.StartMemberAsync(member);
                break;
        }
        for (var i = 0; i < NemesisCluster.Members; i++) await cluster.WaitUntilReadyAsync(i);
    }

    /// <summary>How long a fault lasts is part of the fault, not a wait for anything.</summary>
    private static Task HoldAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);

    private void Tell(History history, NemesisCluster cluster)
    {
        foreach (var kind in history.Calls.GroupBy(c => (c.Operation, c.Outcome)).OrderBy(g => g.Key)) output.WriteLine($"{kind.Key.Operation} {kind.Key.Outcome}: {kind.Count()}");
        foreach (var watch in history.Watches) output.WriteLine($"a watcher saw {watch.Events.Count} events, connecting {watch.Reconnects + 1} times");
        output.WriteLine($"second writers that the journal refused: {cluster.SecondWriters()}");
    }
}
