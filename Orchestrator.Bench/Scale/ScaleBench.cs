using System.Globalization;
using Orchestrator.Actors.Caching;
using Orchestrator.Bench.Report;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Bench.Scale;

/// <summary>
/// <c>bench scale</c>: simulated nodes in one process, filled with pods of Deployments, each change a durable write. Prints the curve as the cluster fills, latency at a fixed rate,
/// memory per pod, and processor time by hop.
/// </summary>
internal sealed class ScaleBench(ScaleOptions options, BenchTable table, TextWriter output)
{
    // Far longer than a fill takes by any measurement so far.
    private TimeSpan Patience => TimeSpan.FromMinutes(3) + options.Pods * TimeSpan.FromMilliseconds(4);

    public async Task RunAsync()
    {
        var meter = options.Profile ? new ActorMeter() : null;
        var start = ProcessSample.Take();
        await using var cluster = await ScaleCluster.StartAsync(options.Nodes, meter);
        var ready = ProcessSample.Take();
        table.Add(new BenchRow($"{options.Nodes:N0} simulated nodes Ready", Seconds(start.At, ready.At), null, "s", ""));
        table.Add(new BenchRow("processor time per node to Ready", (ready.Processor - start.Processor).TotalMilliseconds / options.Nodes, null, "ms", ""));
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        await IdleAsync(meter);
        var (emptyLive, emptyResident) = ProcessSample.Memory();
        table.Add(new BenchRow("memory per node, live", emptyLive / 1024.0 / options.Nodes, null, "KiB", ""));
        await FillAsync(cluster, meter);
        await SettleAsync(cluster.Plane.Services.Cache);
        await IdleAsync(meter);
        var (live, resident) = ProcessSample.Memory();
        table.Add(new BenchRow("memory per pod, live objects", (live - emptyLive) / 1024.0 / options.Pods, null, "KiB", "", Budget.AtMostValue(20, "KiB")));
        table.Add(new BenchRow("memory per pod, resident", (resident - emptyResident) / 1024.0 / options.Pods, null, "KiB", ""));
        if (options.Paced > 0) await PaceAsync(cluster);
    }

    /// <summary>What is used when nothing changes; and by whom, where that is more than a tenth of a core.</summary>
    private async Task IdleAsync(ActorMeter? meter)
    {
        var actors = meter?.Read();
        var before = ProcessSample.Take();
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        var after = ProcessSample.Take();
        var seconds = Seconds(before.At, after.At);
        var cores = (after.Processor - before.Processor).TotalSeconds / seconds;
        table.Add(new BenchRow("processor, idle", cores, null, "cores", ""));
        if (meter is null || cores < 0.1) return;
        foreach (var (type, sum) in meter.Read().Select(a => (a.Key, Used: a.Value.Processor - actors!.GetValueOrDefault(a.Key).Processor)).OrderByDescending(a => a.Used).Take(6))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"idle: {type.Name} {sum.TotalSeconds / seconds:0.000} cores"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"idle: journal writer {(after.Writer - before.Writer).TotalSeconds / seconds:0.000} cores, collector pauses {(after.Paused - before.Paused).TotalSeconds / seconds:0.000}, compiler {after.CompiledMethods - before.CompiledMethods} methods in {(after.Compiling - before.Compiling).TotalSeconds:0.00} s"));
    }

    /// <summary>Waits until no Event comes any more: they are written after the pods they are about, and what waits for that is not what a pod costs.</summary>
    private async Task SettleAsync(ResourceCache cache)
    {
        var start = TimeProvider.System.GetTimestamp();
        var (events, last) = (cache.List("events").Count, start);
        while (Seconds(last, TimeProvider.System.GetTimestamp()) < 2)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            if (cache.List("events").Count is var now && now != events) (events, last) = (now, TimeProvider.System.GetTimestamp());
        }
        table.Add(new BenchRow("last Event of the fill written, after the last pod ran", Seconds(start, last), null, "s", ""));
    }

    private async Task FillAsync(ScaleCluster cluster, ActorMeter? meter)
    {
        using var times = new PodTimes(cluster.Plane.Services.Cache, "default", options.Pods);
        var head = cluster.Plane.Services.Cache.Head;
        var actors = meter?.Read();
        var before = ProcessSample.Take();
        for (var i = 0; i < options.Deployments; i++)
        {
            var replicas = ScaleWorkload.Replicas(options.Pods, options.Deployments, i);
            await cluster.CreateAsync("/apis/apps/v1/namespaces/default/deployments", ScaleWorkload.Deployment($"app-{i}", replicas));
        }
        try
        {
            await times.Done.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            var (seen, bound) = times.Counts;
            output.WriteLine($"!! not done after {Patience}: {seen} pods seen, {bound} bound, {times.Running} running");
        }
        var after = ProcessSample.Take();
        var rows = cluster.Plane.Services.Cache.Head - head;
        PrintCurve(times.Marks);
        var (pods, wall, cpu) = (options.Pods, Seconds(before.At, after.At), (after.Processor - before.Processor).TotalMicroseconds / options.Pods);
        table.Add(new BenchRow($"{pods:N0} pods from create to Running", pods / wall, null, "pods/s", "", new Budget("≥ 2,000", r => r.Value, 2000, null)));
        table.Add(new BenchRow("processor time per pod", cpu, null, "µs", "", Budget.AtMostValue(1000, "µs")));
        table.Add(new BenchRow("collector pauses per pod", (after.Paused - before.Paused).TotalMicroseconds / pods, null, "µs", ""));
        table.Add(new BenchRow("allocated per pod", (after.AllocatedBytes - before.AllocatedBytes) / 1024.0 / pods, null, "KiB", ""));
        table.Add(new BenchRow("collections, youngest / oldest generation", after.Collections0 - before.Collections0, after.Collections2 - before.Collections2, "", "oldest"));
        table.Add(new BenchRow("rows in the journal per pod", (double)rows / pods, null, "", ""));
        table.Add(new BenchRow("rows of the pod itself", times.Pods.Values.Average(p => p.Writes), null, "", ""));
        if (times.Marks.Count == 11)
            table.Add(new BenchRow("last 10 % by first 10 %, processor", (times.Marks[10].Processor - times.Marks[9].Processor) / (times.Marks[1].Processor - times.Marks[0].Processor), null, "×", "", Budget.AtMostValue(1.3, "×")));
        if (meter is not null) PrintHops(actors!, meter.Read(), before, after);
    }

    private async Task PaceAsync(ScaleCluster cluster)
    {
        await cluster.CreateAsync("/api/v1/namespaces", """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"paced"} }""");
        while (cluster.Plane.Services.Cache.Get(new Orchestrator.Resources.ResourceKey("serviceaccounts", "paced", "default")) is null) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        using var times = new PodTimes(cluster.Plane.Services.Cache, "paced", options.Paced);
        var sent = new long[options.Paced];
        var start = TimeProvider.System.GetTimestamp();
        var before = ProcessSample.Take();
        var posts = new List<Task>(options.Paced);
        for (var i = 0; i < options.Paced; i++)
        {
            while (TimeProvider.System.GetElapsedTime(start).TotalSeconds * options.Rate < i) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
            sent[i] = TimeProvider.System.GetTimestamp();
            posts.Add(cluster.CreateAsync("/api/v1/namespaces/paced/pods", ScaleWorkload.Pod($"paced-{i}")));
        }
        await Task.WhenAll(posts);
        try
        {
            await times.Done.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            var (seen, placed) = times.Counts;
            output.WriteLine($"!! not done after {Patience}: {seen} paced pods seen, {placed} bound, {times.Running} running");
            foreach (var entry in cluster.Plane.Services.Cache.List("pods", "paced").Where(p => p.Header.Phase != "Running").Take(3)) output.WriteLine(System.Text.Encoding.UTF8.GetString(entry.Json.Span));
            return;
        }
        var after = ProcessSample.Take();
        var (bound, running) = (new Samples(), new Samples());
        for (var i = 0; i < options.Paced; i++)
        {
            var pod = times.Pods[$"paced-{i}"];
            bound.Add(TimeProvider.System.GetElapsedTime(sent[i], pod.Bound));
            running.Add(TimeProvider.System.GetElapsedTime(sent[i], pod.Running));
        }
        table.Add(new BenchRow($"create → bound at {options.Rate} pods/s, p50", bound.Percentile(50), null, "ms", ""));
        table.Add(new BenchRow($"create → bound at {options.Rate} pods/s, p99", bound.Percentile(99), null, "ms", "", Budget.AtMostValue(100, "ms")));
        table.Add(new BenchRow($"create → Running at {options.Rate} pods/s, p99", running.Percentile(99), null, "ms", ""));
        table.Add(new BenchRow("processor time per paced pod", (after.Processor - before.Processor).TotalMicroseconds / options.Paced, null, "µs", ""));
    }

    private void PrintCurve(IReadOnlyList<(long At, TimeSpan Processor)> marks)
    {
        output.WriteLine();
        output.WriteLine($"| nodes | pods Running | pods/s | processor per pod |");
        output.WriteLine("| ---: | ---: | ---: | ---: |");
        for (var i = 1; i < marks.Count; i++)
        {
            var pods = options.Pods / 10.0;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {options.Nodes:N0} | {options.Pods / 10 * i:N0} | {pods / Seconds(marks[i - 1].At, marks[i].At):N0} | {(marks[i].Processor - marks[i - 1].Processor).TotalMicroseconds / pods:N0} µs |"));
        }
        output.WriteLine();
    }

    private void PrintHops(IReadOnlyDictionary<Type, ActorMeter.Used> before, IReadOnlyDictionary<Type, ActorMeter.Used> after, ProcessSample first, ProcessSample last)
    {
        var all = (last.Processor - first.Processor).TotalMicroseconds / options.Pods;
        var rest = all;
        output.WriteLine();
        output.WriteLine("| hop | processor per pod | share | allocated per pod | turns per pod |");
        output.WriteLine("| --- | ---: | ---: | ---: | ---: |");
        Print("journal writer: commit, fold, cache, subscribers", (last.Writer - first.Writer).TotalMicroseconds / options.Pods, null, null);
        foreach (var (type, sum) in after.OrderByDescending(a => a.Value.Processor))
        {
            var known = before.GetValueOrDefault(type);
            var each = (sum.Processor - known.Processor).TotalMicroseconds / options.Pods;
            if (each >= 0.5) Print(type.Name, each, (sum.Bytes - known.Bytes) / 1024.0 / options.Pods, (double)(sum.Turns - known.Turns) / options.Pods);
        }
        Print("the rest: engine steps of the agents, HTTP, background collector", rest, null, null);
        Print("all", all, (last.AllocatedBytes - first.AllocatedBytes) / 1024.0 / options.Pods, null);
        output.WriteLine();

        void Print(string hop, double each, double? allocated, double? turns)
        {
            rest -= each;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {hop} | {each:N0} µs | {each / all * 100:N0} % | {allocated:0.0} KiB | {turns:0.0} |"));
        }
    }

    private static double Seconds(long from, long to) => TimeProvider.System.GetElapsedTime(from, to).TotalSeconds;
}
