using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>What pods take of nodes, with init containers, sidecars, overhead and extended resources, against adding it up by hand after random changes.</summary>
public sealed class ResourceRulesTests
{
    private const string Gpu = "example.com/gpu";
    private static readonly string[] Resources = ["cpu", "memory", Gpu];

    [Theory]
    // containers; init containers (a trailing + is a sidecar); overhead; what the pod needs, in cpus
    [InlineData("1 2", "", 0, 3)]
    [InlineData("1", "3", 0, 3)]
    [InlineData("2", "1 1", 0, 2)]
    [InlineData("2", "1+", 0, 3)]
    [InlineData("1", "1+ 4", 0, 5)]
    [InlineData("1", "4 1+", 0, 4)]
    [InlineData("1", "1+ 2 1+", 0, 3)]
    [InlineData("1", "2+ 2+ 1", 0, 5)]
    [InlineData("1", "3", 2, 5)]
    public void A_pod_needs_what_runs_at_once_at_most(string containers, string init, int overhead, int needs)
    {
        var pod = Pod("p", and: p =>
        {
            p.Spec.Containers = [.. containers.Split(' ').Select(c => Cpu(c))];
            p.Spec.InitContainers = [.. init.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(c => Cpu(c))];
            if (overhead > 0) p.Spec.Overhead = new() { ["cpu"] = new Quantity(overhead) };
        });
        Filter(c => new NodeResourcesFit(c), pod, Node("n", $"{needs}")).ShouldBeNull();
        Filter(c => new NodeResourcesFit(c), pod, Node("n", $"{needs * 1000 - 1}m"))!.Reasons.ShouldBe(["Insufficient cpu"]);

        static Container Cpu(string text) => new() { RestartPolicy = text.EndsWith('+') ? "Always" : null, Resources = new() { Requests = new() { ["cpu"] = Quantity.Parse(text.TrimEnd('+')) } } };
    }

    [Fact]
    public void Filter_and_scores_agree_with_adding_up()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 100; seed++)
        {
            var cluster = new RandomCluster(seed, 60);
            var strategies = new (IScorePlugin Plugin, Func<Pod, Node, long> Obvious)[]
            {
                (new NodeResourcesFit(cluster.Columns, FitStrategy.Default), (p, n) => Mean(cluster, p, n, [("cpu", 1), ("memory", 1)], (used, all) => used > all ? 0 : (all - used) * 100 / all)),
                (new NodeResourcesFit(cluster.Columns, FitStrategy.Spread([("cpu", 3), (Gpu, 2)])), (p, n) => Mean(cluster, p, n, [("cpu", 3), (Gpu, 2)], (used, all) => used > all ? 0 : (all - used) * 100 / all)),
                (new NodeResourcesFit(cluster.Columns, FitStrategy.Pack([("memory", 1), (Gpu, 5)])), (p, n) => Mean(cluster, p, n, [("memory", 1), (Gpu, 5)], (used, all) => Math.Min(used, all) * 100 / all)),
                (new NodeResourcesBalancedAllocation(), (p, n) => Balance(cluster, p, n)),
            };
            for (var i = 0; i < 6; i++)
            {
                var pod = cluster.NewPod();
                var info = cluster.Read(pod);
                foreach (var node in cluster.Table.Nodes)
                {
                    var plain = cluster.Nodes[node.Name];
                    var fit = ((IFilterPlugin)new NodeResourcesFit(cluster.Columns)).Prepare(info, cluster.Table)!.Check(node);
                    (fit?.Reasons ?? []).ShouldBe(Short(cluster, pod, plain), ignoreOrder: true, customMessage: $"seed {seed}");
                    (fit?.Unresolvable ?? false).ShouldBe(Resources.Any(r => Needs(pod, r) > 0 && Needs(pod, r) > Has(plain, r)), $"seed {seed}");
                    (new NodeUnschedulable().Prepare(info, cluster.Table)?.Check(node) is null).ShouldBe(!plain.Spec.Unschedulable
                        || ObviousRules.Tolerates(pod, new Taint { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" }), $"seed {seed}");
                    foreach (var (plugin, obvious) in strategies)
                        if (plugin.Prepare(info, cluster.Table, [.. cluster.Table.Nodes]) is { } opinion) opinion.Score(node).ShouldBe(obvious(pod, plain), $"{plugin.Name}, seed {seed}");
                }
            }
        }
    }

    private static List<string> Short(RandomCluster cluster, Pod pod, Node node)
    {
        List<string> reasons = [];
        if (On(cluster, node).Count() + 1 > node.Status.Allocatable!["pods"].Value) reasons.Add("Too many pods");
        reasons.AddRange(Resources.Where(r => Needs(pod, r) > 0 && On(cluster, node).Sum(p => Needs(p, r)) + Needs(pod, r) > Has(node, r)).Select(r => $"Insufficient {r}"));
        return reasons;
    }

    private static IEnumerable<Pod> On(RandomCluster cluster, Node node) => cluster.Placed.Where(p => p.Node == node).Select(p => p.Pod);

    private static long Mean(RandomCluster cluster, Pod pod, Node node, (string Resource, long Weight)[] resources, Func<long, long, long> score)
    {
        long sum = 0, weights = 0;
        foreach (var (resource, weight) in resources)
        {
            if (Has(node, resource) == 0 || (resource == Gpu && Needs(pod, Gpu) == 0)) continue;
            sum += weight * score(On(cluster, node).Append(pod).Sum(p => Needs(p, resource, forScore: true)), Has(node, resource));
            weights += weight;
        }
        return weights == 0 ? 0 : sum / weights;
    }

    private static long Balance(RandomCluster cluster, Pod pod, Node node)
    {
        double Share(string resource) => Math.Min(1, (double)On(cluster, node).Append(pod).Sum(p => Needs(p, resource)) / Has(node, resource));
        return (long)((1 - Math.Abs(Share("cpu") - Share("memory")) / 2) * 100);
    }

    private static long Has(Node node, string resource) => Amount(node.Status.Allocatable!.GetValueOrDefault(resource), resource);

    private static long Amount(Quantity quantity, string resource) => resource == "cpu" ? quantity.MilliValue : quantity.Value;

    /// <summary>Lives the pod's life: init containers one after the other beside the sidecars that have started, then all containers.</summary>
    private static long Needs(Pod pod, string resource, bool forScore = false)
    {
        long most = 0, running = 0;
        foreach (var init in pod.Spec.InitContainers ?? [])
        {
            most = Math.Max(most, running + Of(init));
            if (init.RestartPolicy == "Always") running += Of(init);
        }
        most = Math.Max(most, running + pod.Spec.Containers!.Sum(Of));
        return most + Amount(pod.Spec.Overhead?.GetValueOrDefault(resource) ?? default, resource);

        long Of(Container container)
        {
            if (container.Resources.Requests?.TryGetValue(resource, out var asked) == true) return Amount(asked, resource);
            return !forScore ? 0 : resource switch { "cpu" => 100, "memory" => 200L << 20, _ => 0 };
        }
    }
}
