using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

public sealed class PodTopologySpreadTests
{
    private const string Skewed = "node(s) didn't match pod topology spread constraints";
    private const string Missing = "node(s) didn't match pod topology spread constraints (missing required label)";

    private static readonly ResourceColumns Columns = new();

    [Theory]
    // pods of app web on a1, a2 (zone a), b1 (zone b); maxSkew; zones that refuse one more
    [InlineData(0, 0, 0, 1, "")]
    [InlineData(1, 0, 0, 1, "a")]
    [InlineData(1, 0, 1, 1, "")]
    [InlineData(2, 1, 1, 2, "a")]
    [InlineData(2, 1, 1, 3, "")]
    [InlineData(0, 0, 2, 1, "b")]
    public void A_domain_may_not_have_more_than_max_skew_above_the_emptiest(int a1, int a2, int b1, int maxSkew, string refusing)
    {
        var cluster = Cluster(("a1", a1), ("a2", a2), ("b1", b1));
        var pod = Web("new", Zone(maxSkew));
        Refusal(cluster, pod, "a1").ShouldBe(refusing == "a" ? Skewed : null);
        Refusal(cluster, pod, "b1").ShouldBe(refusing == "b" ? Skewed : null);
    }

    [Fact]
    public void With_fewer_domains_than_min_domains_the_emptiest_counts_as_empty()
    {
        var cluster = Cluster(("a1", 1), ("b1", 1));
        Refusal(cluster, Web("new", Zone(1)), "a1").ShouldBeNull();
        Refusal(cluster, Web("new", Zone(1, c => c.MinDomains = 3)), "a1").ShouldBe(Skewed);
    }

    [Fact]
    public void A_node_without_the_label_is_refused_for_good()
    {
        var cluster = Cluster();
        cluster.Set(Node("bare"));
        Refusal(cluster, Web("new", Zone(1)), "bare").ShouldBe(Missing);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("Honor", null)]
    [InlineData("Ignore", Skewed)]
    public void The_affinity_policy_decides_whether_nodes_the_pod_cannot_use_count(string? policy, string? expected)
    {
        // Zone b is empty, but the pod cannot go there.
        var cluster = Cluster(("a1", 1));
        var pod = Web("new", Zone(1, c => c.NodeAffinityPolicy = policy), p => p.Spec.NodeSelector = new() { ["zone"] = "a" });
        Refusal(cluster, pod, "a1").ShouldBe(expected);
    }

    [Theory]
    [InlineData(null, Skewed)]
    [InlineData("Ignore", Skewed)]
    [InlineData("Honor", null)]
    public void The_taints_policy_decides_whether_tainted_nodes_count(string? policy, string? expected)
    {
        var cluster = Cluster(("a1", 1));
        cluster.Set(Node("b1", and: n =>
        {
            n.Metadata.Labels!["zone"] = "b";
            n.Spec.Taints = [new Taint { Key = "dedicated", Effect = "NoSchedule" }];
        }));
        Refusal(cluster, Web("new", Zone(1, c => c.NodeTaintsPolicy = policy)), "a1").ShouldBe(expected);
    }

    [Fact]
    public void Match_label_keys_spread_each_revision_for_itself()
    {
        var cluster = Cluster();
        Place(cluster, "a1", Web("old", and: p => p.Metadata.Labels!["pod-template-hash"] = "1"));
        void Hash(Pod p) => p.Metadata.Labels!["pod-template-hash"] = "2";
        Refusal(cluster, Web("new", Zone(1), Hash), "a1").ShouldBe(Skewed);
        Refusal(cluster, Web("new", Zone(1, c => c.MatchLabelKeys = ["pod-template-hash"]), Hash), "a1").ShouldBeNull();
    }

    [Fact]
    public void Pods_that_are_being_deleted_do_not_count()
    {
        var cluster = Cluster();
        Place(cluster, "a1", Web("going", and: p => p.Metadata.DeletionTimestamp = DateTimeOffset.UnixEpoch));
        Refusal(cluster, Web("new", Zone(1)), "a1").ShouldBeNull();
    }

    [Fact]
    public void The_emptier_zone_is_preferred()
    {
        var cluster = Cluster(("a1", 2), ("b1", 1));
        var scores = Scores(cluster, Web("new", Zone(1, c => c.WhenUnsatisfiable = "ScheduleAnyway")));
        scores[0].ShouldBe(scores[1]);
        scores[2].ShouldBe(100);
        scores[0].ShouldBeLessThan(scores[2]);
    }

    [Fact]
    public void Pods_of_a_service_without_constraints_are_spread_all_the_same()
    {
        var cluster = Cluster(("a1", 3));
        Scores(cluster, Web("alone")).ShouldBeEmpty("nothing says which pods belong together");
        cluster.Selectors.SetService("default", "web", new Service { Spec = new() { Selector = new() { ["app"] = "web" } } });
        var scores = Scores(cluster, Web("new"));
        scores[0].ShouldBeLessThan(scores[1]);
        scores[1].ShouldBeLessThan(scores[2]);
    }

    [Fact]
    public void Filter_and_score_agree_with_the_obvious_rule()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 60; seed++)
        {
            var cluster = new RandomCluster(seed);
            for (var i = 0; i < 10; i++)
            {
                var pod = cluster.NewPod();
                var nodes = cluster.Table.Nodes.ToArray();
                var plugin = new PodTopologySpread();
                var filter = ((IFilterPlugin)plugin).Prepare(cluster.Read(pod), cluster.Table);
                foreach (var node in nodes) (filter?.Check(node)?.Reasons[0]).ShouldBe(ObviousRefusal(cluster, pod, cluster.Nodes[node.Name]), $"seed {seed}, node {node.Name}");
                var feasible = nodes.Where(_ => cluster.Chance(70)).ToArray();
                var opinion = ((IScorePlugin)plugin).Prepare(cluster.Read(pod), cluster.Table, feasible);
                var scores = feasible.Select(n => opinion?.Score(n) ?? 0).ToArray();
                opinion?.Normalize(scores);
                scores.ShouldBe(ObviousScores(cluster, pod, [.. feasible.Select(n => cluster.Nodes[n.Name])]), $"seed {seed}");
            }
        }
    }

    private static bool Eligible(TopologySpreadConstraint constraint, Pod pod, Node node) =>
        (constraint.NodeAffinityPolicy == "Ignore" || ObviousRules.NodeAffinityAllows(pod, node))
        && (constraint.NodeTaintsPolicy != "Honor" || (node.Spec.Taints ?? []).TrueForAll(t => t.Effect == "PreferNoSchedule" || ObviousRules.Tolerates(pod, t)));

    private static string? ObviousRefusal(RandomCluster cluster, Pod pod, Node node)
    {
        var hard = (pod.Spec.TopologySpreadConstraints ?? []).Where(c => c.WhenUnsatisfiable == "DoNotSchedule").ToList();
        foreach (var constraint in hard)
        {
            if (ObviousRules.Label(node, constraint.TopologyKey) is not { } own) return Missing;
            var domains = cluster.Nodes.Values.Where(n => hard.TrueForAll(c => ObviousRules.Label(n, c.TopologyKey) is not null) && Eligible(constraint, pod, n))
                .GroupBy(n => ObviousRules.Label(n, constraint.TopologyKey)!)
                .ToDictionary(d => d.Key, d => cluster.Placed.Count(p => d.Contains(p.Node) && ObviousRules.Counts(constraint, pod, p.Pod)));
            var least = domains.Count < (constraint.MinDomains ?? 1) ? 0 : domains.Count == 0 ? int.MaxValue : domains.Values.Min();
            var self = ObviousRules.Selected(constraint, pod, pod) ? 1 : 0;
            if ((long)domains.GetValueOrDefault(own) + self - least > constraint.MaxSkew) return Skewed;
        }
        return null;
    }

    private static long[] ObviousScores(RandomCluster cluster, Pod pod, Node[] feasible)
    {
        var soft = (pod.Spec.TopologySpreadConstraints ?? []).Where(c => c.WhenUnsatisfiable == "ScheduleAnyway").ToList();
        if (soft.Count == 0) return new long[feasible.Length];
        bool HasAll(Node n) => soft.TrueForAll(c => ObviousRules.Label(n, c.TopologyKey) is not null);
        var counted = feasible.Where(HasAll).ToList();
        var raw = counted.ToDictionary(n => n, n => (long)Math.Round(soft.Sum(c =>
        {
            var host = c.TopologyKey == "kubernetes.io/hostname";
            var size = host ? counted.Count : counted.Select(o => ObviousRules.Label(o, c.TopologyKey)).Distinct().Count();
            var pods = cluster.Placed.Count(p => ObviousRules.Counts(c, pod, p.Pod)
                && (host ? p.Node == n : HasAll(p.Node) && Eligible(c, pod, p.Node) && ObviousRules.Label(p.Node, c.TopologyKey) == ObviousRules.Label(n, c.TopologyKey)));
            return pods * Math.Log(size + 2) + (c.MaxSkew - 1);
        }), MidpointRounding.AwayFromZero));
        return [.. feasible.Select(n => !HasAll(n) ? 0 : raw.Values.Max() == 0 ? 100 : 100 * (raw.Values.Max() + raw.Values.Min() - raw[n]) / raw.Values.Max())];
    }

    /// <summary>Nodes a1 and a2 in zone a, b1 in zone b, with so many pods of app web each.</summary>
    private static NodeTable Cluster(params (string Node, int Pods)[] placed)
    {
        var table = new NodeTable(Columns);
        foreach (var name in (string[])["a1", "a2", "b1"]) table.Set(Node(name, and: n => n.Metadata.Labels!["topology.kubernetes.io/zone"] = n.Metadata.Labels["zone"] = name[..1]));
        foreach (var (node, pods) in placed)
            for (var i = 0; i < pods; i++) Place(table, node, Web($"{node}-{i}"));
        return table;
    }

    private static void Place(NodeTable cluster, string node, Pod pod) => cluster.AddPod(node, PodInfo.Of(pod, Columns));

    private static string? Refusal(NodeTable cluster, Pod pod, string node) =>
        ((IFilterPlugin)new PodTopologySpread()).Prepare(PodInfo.Of(pod, Columns), cluster)?.Check(cluster.Find(node)!)?.Reasons[0];

    private static long[] Scores(NodeTable cluster, Pod pod)
    {
        if (((IScorePlugin)new PodTopologySpread()).Prepare(PodInfo.Of(pod, Columns), cluster, [.. cluster.Nodes]) is not { } opinion) return [];
        var scores = cluster.Nodes.Select(opinion.Score).ToArray();
        opinion.Normalize(scores);
        return scores;
    }

    private static Pod Web(string name, TopologySpreadConstraint? constraint = null, Action<Pod>? and = null) => Pod(name, and: p =>
    {
        p.Metadata.Labels = new() { ["app"] = "web" };
        if (constraint is not null) p.Spec.TopologySpreadConstraints = [constraint];
        and?.Invoke(p);
    });

    private static TopologySpreadConstraint Zone(int maxSkew, Action<TopologySpreadConstraint>? and = null)
    {
        var constraint = new TopologySpreadConstraint { TopologyKey = "zone", MaxSkew = maxSkew, WhenUnsatisfiable = "DoNotSchedule", LabelSelector = new() { MatchLabels = new() { ["app"] = "web" } } };
        and?.Invoke(constraint);
        return constraint;
    }
}
