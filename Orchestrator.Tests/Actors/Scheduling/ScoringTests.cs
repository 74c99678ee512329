using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;
using NodeAffinity = Orchestrator.Actors.Scheduling.Plugins.NodeAffinity;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>Strategies of fit, image locality, and every simple plugin against the obvious reading of its rule.</summary>
public sealed class ScoringTests
{
    private static readonly IReadOnlyList<(string, long)> CpuAndMemory = [("cpu", 1), ("memory", 1)];

    [Fact]
    public void MostAllocated_prefers_the_fullest_node() =>
        Scores(c => new NodeResourcesFit(c, FitStrategy.Pack(CpuAndMemory)), Pod("p", "1", "1Gi"), Node("large", "10", "10Gi"), Node("small", "2", "2Gi"), Node("tiny", "1", "1Gi")).ShouldBe([10L, 50, 100]);

    [Fact]
    public void RequestedToCapacityRatio_follows_its_shape()
    {
        // Best at half full.
        var shape = FitStrategy.Shaped(CpuAndMemory, [(0, 0), (50, 10), (100, 2)]);
        Scores(c => new NodeResourcesFit(c, shape), Pod("p", "1", "1Gi"), Node("large", "10", "10Gi"), Node("small", "2", "2Gi"), Node("tiny", "1", "1Gi"), Node("between", "4", "4Gi")).ShouldBe([20L, 100, 20, 50]);
    }

    [Fact]
    public void Extended_resources_count_where_the_pod_uses_them()
    {
        var strategy = FitStrategy.Pack([("example.com/gpu", 3)]);
        static Node Gpus(string name, string gpus) => Node(name, and: n => n.Status.Allocatable!["example.com/gpu"] = Quantity.Parse(gpus));
        var pod = Pod("p", "1", and: p => p.Spec.Containers![0].Resources.Requests!["example.com/gpu"] = Quantity.Parse("2"));
        Scores(c => new NodeResourcesFit(c, strategy), pod, Gpus("a", "2"), Gpus("b", "8"), Node("none")).ShouldBe([100L, 25, 0]);
        Scores(c => new NodeResourcesFit(c, strategy), Pod("other", "1"), Gpus("a", "2"), Gpus("b", "8")).ShouldBe([0L, 0]);
    }

    [Fact]
    public void ImageLocality_prefers_nodes_that_have_large_images_that_are_not_rare()
    {
        static Node Has(string name, long megabytes) => Node(name, and: n => n.Status.Images = megabytes == 0 ? null : [new ContainerImage { Names = ["i:latest"], SizeBytes = megabytes * 1024 * 1024 }]);
        Scores(_ => new ImageLocality(), Pod("p"), Has("a", 512), Has("b", 512), Node("c"), Node("d")).ShouldBe([100L * (256 - 23) / (1000 - 23), 100L * (256 - 23) / (1000 - 23), 0, 0]);
        Scores(_ => new ImageLocality(), Pod("p"), Has("a", 20), Node("b")).ShouldBe([0L, 0], "small images are not worth a detour");
        Scores(_ => new ImageLocality(), Pod("p"), Node("a"), Node("b")).ShouldBeEmpty();
    }

    [Fact]
    public void Simple_filters_agree_with_the_obvious_rules()
    {
        ForRandomClusters((cluster, pod, nodes) =>
        {
            var info = cluster.Read(pod);
            foreach (var node in nodes)
            {
                var plain = cluster.Nodes[node.Name];
                (Ask(new NodeAffinity(), info, cluster, node) is null).ShouldBe(ObviousRules.NodeAffinityAllows(pod, plain), $"seed {cluster.Seed}");
                (Ask(new TaintToleration(), info, cluster, node) is null).ShouldBe((plain.Spec.Taints ?? []).TrueForAll(t => t.Effect == "PreferNoSchedule" || ObviousRules.Tolerates(pod, t)), $"seed {cluster.Seed}");
                (Ask(new NodePorts(), info, cluster, node) is null).ShouldBe(!cluster.Placed.Any(p => p.Node == plain && Ports(p.Pod).Any(a => Ports(pod).Any(b => Clash(a, b)))), $"seed {cluster.Seed}");
            }
        });

        static IEnumerable<ContainerPort> Ports(Pod pod) => pod.Spec.Containers![0].Ports ?? [];
        static bool Clash(ContainerPort a, ContainerPort b) => a.HostPort == b.HostPort && a.Protocol == b.Protocol && (string.IsNullOrEmpty(a.HostIP) || string.IsNullOrEmpty(b.HostIP) || a.HostIP == b.HostIP);
    }

    [Fact]
    public void Simple_scores_agree_with_the_obvious_rules()
    {
        ForRandomClusters((cluster, pod, nodes) =>
        {
            var info = cluster.Read(pod);
            Raw(new TaintToleration()).ShouldBe(nodes.Select(n => (long)(cluster.Nodes[n.Name].Spec.Taints ?? []).Count(t => t.Effect == "PreferNoSchedule" && !ObviousRules.Tolerates(pod, t))), $"seed {cluster.Seed}");
            Raw(new NodeAffinity()).ShouldBe(nodes.Select(n => (pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Where(t => ObviousRules.Matches(t.Preference, cluster.Nodes[n.Name])).Sum(t => (long)t.Weight)), $"seed {cluster.Seed}");
            Raw(new ImageLocality()).ShouldBe(nodes.Select(n =>
            {
                var image = pod.Spec.Containers![0].Image + ":latest";
                var have = cluster.Nodes.Values.Where(o => Size(o, image) > 0).ToList();
                var size = Size(cluster.Nodes[n.Name], image) * ((double)have.Count / cluster.Nodes.Count);
                var most = (1000L << 20) * (1 + (pod.Spec.InitContainers?.Count ?? 0));
                return 100 * (Math.Clamp((long)size, 23L << 20, most) - (23L << 20)) / (most - (23L << 20));
            }), $"seed {cluster.Seed}");

            long[] Raw(IScorePlugin plugin)
            {
                var opinion = plugin.Prepare(info, cluster.Table, nodes);
                return [.. nodes.Select(n => opinion?.Score(n) ?? 0)];
            }
        });

        static long Size(Node node, string image) => (node.Status.Images ?? []).FirstOrDefault(i => i.Names!.Contains(image))?.SizeBytes ?? 0;
    }

    [Fact]
    public void Normalised_scores_are_between_0_and_100()
    {
        ForRandomClusters((cluster, pod, nodes) =>
        {
            foreach (var (plugin, _) in new SchedulingAlgorithm(new SchedulerProfile(), cluster.Table, cluster.Columns, new Random(1)).Scorers)
            {
                if (plugin.Prepare(cluster.Read(pod), cluster.Table, nodes) is not { } opinion) continue;
                var scores = nodes.Select(opinion.Score).ToArray();
                opinion.Normalize(scores);
                scores.ShouldAllBe(s => s >= 0 && s <= 100, $"{plugin.Name}, seed {cluster.Seed}");
            }
        });
    }

    private static FilterStatus? Ask(IFilterPlugin plugin, PodInfo pod, RandomCluster cluster, NodeInfo node) => plugin.Prepare(pod, cluster.Table)?.Check(node);

    private static void ForRandomClusters(Action<RandomCluster, Pod, NodeInfo[]> check)
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 40; seed++)
        {
            var cluster = new RandomCluster(seed, steps: 60);
            for (var i = 0; i < 5; i++) check(cluster, cluster.NewPod(), [.. cluster.Table.Nodes]);
        }
    }
}
