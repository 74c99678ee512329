using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;
using Orchestrator.Bench.Rows;
using Orchestrator.Bench.Scale;

if (args is ["bare-kestrel", var data])
{
    await BareKestrel.ServeAsync(data);
    return 0;
}

if (args is ["scale", .. var rest])
{
    var scale = new BenchTable(Console.Out);
    scale.Begin();
    var options = ScaleOptions.Parse(rest);
    await (options.Members > 1 ? new MembersBeside(options, scale).RunAsync() : new ScaleBench(options, scale, Console.Out).RunAsync());
    foreach (var row in scale.Missed) Console.Error.WriteLine($"budget missed: {row.Name}");
    return scale.Missed.Any() ? 1 : 0;
}

// ./orchestrator bench scale [--nodes N] [--pods N] [--deployments N] [--paced N] [--rate N] [--no-profile] [--members N]: a whole cluster of simulated nodes.
// ./orchestrator bench [ROW…]: actors, remote, scheduler, writes, start, reads, applies, watches, pods, members, failover; all where none is named.
bool Wanted(string row) => args.Length == 0 || args.Contains(row);
var table = new BenchTable(Console.Out);
table.Begin();
if (Wanted("actors")) Add(await ActorMessages.MeasureAsync());
if (Wanted("remote")) Add(await RemoteMessages.MeasureAsync());
if (Wanted("scheduler")) Add(SchedulerDecisions.Measure().Concat(PlacementQuality.Measure()));
if (Wanted("writes")) Add(await DurableWrites.MeasureAsync());
if (new[] { "start", "reads", "applies", "watches", "pods" }.Any(Wanted))
{
    await using var cluster = await BenchCluster.StartAsync();
    table.Add(new BenchRow("up on a built tree until ready", cluster.StartTime.TotalSeconds, null, "s", "", Budget.AtMostValue(2, "s")));
    // Memory is read after the collector had a chance: a process that has just started has garbage to give back.
    await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
    table.Add(new BenchRow("resident memory, idle", cluster.ResidentMiB(), null, "MiB", "", Budget.AtMostValue(150, "MB")));
    if (Wanted("pods")) Add(await PodStart.MeasureAsync(cluster));
    using (var client = cluster.NewClient()) await Reads.StorePodsAsync(client);
    table.Add(new BenchRow("resident memory, 1,000 stored pods", cluster.ResidentMiB(), null, "MiB", ""));
    if (Wanted("reads")) Add(await Reads.MeasureAsync(cluster));
    if (Wanted("applies")) Add(await ApplyPatches.MeasureAsync(cluster));
    if (Wanted("watches")) Add([.. await Watches.MeasureAsync(cluster), .. await WatchFanOut.MeasureAsync(cluster)]);
}
if (new[] { "members", "failover" }.Any(Wanted))
{
    await using var cluster = await BenchCluster.StartMembersAsync();
    if (Wanted("members")) Add(await MemberWrites.MeasureAsync(cluster));
    if (Wanted("failover")) Add(await Failover.MeasureAsync(cluster));
}
foreach (var row in table.Missed) Console.Error.WriteLine($"budget missed: {row.Name}");
return table.Missed.Any() ? 1 : 0;

void Add(IEnumerable<BenchRow> rows)
{
    foreach (var row in rows) table.Add(row);
}
