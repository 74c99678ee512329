using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

public sealed class InterPodAffinityTests
{
    private const string Together = "node(s) didn't match pod affinity rules";
    private const string Apart = "node(s) didn't match pod anti-affinity rules";
    private const string Unwelcome = "node(s) didn't satisfy existing pods anti-affinity rules";

    [Theory]
    // labels of the pod there, affinity of the new pod (app=db, same zone), whether it matches itself, refusals of nodes a1 a2 (where the pod is: a1) and b1
    [InlineData("db", "web", null, null, Together)]
    [InlineData("cache", "web", Together, Together, Together)]
    [InlineData("cache", "db", null, null, null)]
    public void Required_affinity_wants_a_matching_pod_in_the_domain_unless_the_pod_is_the_first_of_its_kind(string there, string own, string? a1, string? a2, string? b1)
    {
        var pod = Labelled("new", own, Need("db", "zone"));
        Refusals(pod, ("a1", Labelled("there", there))).ShouldBe([a1, a2, b1]);
    }

    [Fact]
    public void Required_anti_affinity_keeps_the_pod_from_the_domain_of_matching_pods()
    {
        Refusals(Labelled("new", "web", Avoid("db", "zone")), ("a1", Labelled("there", "db"))).ShouldBe([Apart, Apart, null]);
        Refusals(Labelled("new", "web", Avoid("db", "kubernetes.io/hostname")), ("a1", Labelled("there", "db"))).ShouldBe([Apart, null, null]);
        Refusals(Labelled("new", "web", Avoid("db", "zone")), ("a1", Labelled("there", "cache"))).ShouldBe([null, null, null]);
    }

    [Fact]
    public void Anti_affinity_of_pods_that_are_there_keeps_matching_pods_away() =>
        Refusals(Labelled("new", "web"), ("a1", Labelled("there", "db", Avoid("web", "zone")))).ShouldBe([Unwelcome, Unwelcome, null]);

    [Fact]
    public void Pods_of_other_namespaces_count_only_where_a_term_names_or_selects_their_namespace()
    {
        var elsewhere = Labelled("there", "db");
        elsewhere.Metadata.Namespace = "other";
        Refusals(Labelled("new", "web", Avoid("db", "zone")), ("a1", elsewhere)).ShouldBe([null, null, null]);
        Refusals(Labelled("new", "web", Avoid("db", "zone", t => t.Namespaces = ["other"])), ("a1", elsewhere)).ShouldBe([Apart, Apart, null]);
        Refusals(Labelled("new", "web", Avoid("db", "zone", t => t.NamespaceSelector = new() { MatchLabels = new() { ["team"] = "x" } })), ("a1", elsewhere)).ShouldBe([Apart, Apart, null]);
        Refusals(Labelled("new", "web", Avoid("db", "zone", t => t.NamespaceSelector = new() { MatchLabels = new() { ["team"] = "y" } })), ("a1", elsewhere)).ShouldBe([null, null, null]);
        Refusals(Labelled("new", "web", Avoid("db", "zone", t => t.NamespaceSelector = new())), ("a1", elsewhere)).ShouldBe([Apart, Apart, null]);
    }

    [Fact]
    public void A_node_without_the_topology_label_has_nothing_in_common_with_others()
    {
        var bare = Node("bare");
        var cluster = Cluster(("a1", Labelled("there", "db")));
        cluster.Set(bare);
        Refuses(cluster, Labelled("new", "web", Need("db", "zone")), "bare").ShouldBe(Together);
        Refuses(cluster, Labelled("new", "web", Avoid("db", "zone")), "bare").ShouldBeNull();
    }

    [Fact]
    public void Only_the_lack_of_matching_pods_cannot_be_cured_by_evictions()
    {
        var cluster = Cluster(("a1", Labelled("there", "db", Avoid("web", "zone"))));
        Verdict(cluster, Labelled("new", "web", Need("none", "zone")), "a1")!.Unresolvable.ShouldBeTrue();
        Verdict(cluster, Labelled("new", "cache", Avoid("db", "zone")), "a1")!.Unresolvable.ShouldBeFalse();
        Verdict(cluster, Labelled("new", "web"), "a1")!.Unresolvable.ShouldBeFalse();
    }

    [Fact]
    public void Preferences_add_up_over_the_pods_of_the_domain_in_both_directions()
    {
        var cluster = Cluster(("a1", Labelled("one", "db")), ("a2", Labelled("two", "db")), ("b1", Labelled("three", "cache", Need("web", "zone"))));
        var pod = Labelled("new", "web", p => p.Spec.Affinity = new() { PodAffinity = new() { PreferredDuringSchedulingIgnoredDuringExecution = [new() { Weight = 5, PodAffinityTerm = Term("db", "zone") }] } });
        // Zone a: two pods of weight 5. Zone b: a pod that requires this one, weight 1.
        Scores(cluster, pod).ShouldBe([100, 100, 0]);
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
                var filter = ((IFilterPlugin)new InterPodAffinity()).Prepare(cluster.Read(pod), cluster.Table);
                foreach (var node in nodes) filter?.Check(node)?.Reasons[0].ShouldBe(ObviousRefusal(cluster, pod, cluster.Nodes[node.Name]), $"seed {seed}, node {node.Name}");
                foreach (var node in nodes)
                    if (filter?.Check(node) is null) ObviousRefusal(cluster, pod, cluster.Nodes[node.Name]).ShouldBeNull($"seed {seed}, node {node.Name}");
                var opinion = ((IScorePlugin)new InterPodAffinity()).Prepare(cluster.Read(pod), cluster.Table, nodes);
                var scores = nodes.Select(n => opinion?.Score(n) ?? 0).ToArray();
                scores.ShouldBe(nodes.Select(n => ObviousScore(cluster, pod, cluster.Nodes[n.Name])), $"seed {seed}");
                opinion?.Normalize(scores);
                scores.ShouldAllBe(s => s >= 0 && s <= 100, $"seed {seed}");
            }
        }
    }

    private static string? ObviousRefusal(RandomCluster cluster, Pod pod, Node node)
    {
        var required = pod.Spec.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [];
        var matching = cluster.Placed.Where(p => required.TrueForAll(t => ObviousRules.Means(t, pod, p.Pod, cluster))).ToList();
        if (required.Exists(t => ObviousRules.Label(node, t.TopologyKey) is null)) return Together;
        var satisfied = required.TrueForAll(t => matching.Exists(p => SamePlace(p.Node, node, t.TopologyKey)));
        var isFirst = !required.Exists(t => matching.Exists(p => ObviousRules.Label(p.Node, t.TopologyKey) is not null)) && required.TrueForAll(t => ObviousRules.Means(t, pod, pod, cluster));
        if (!satisfied && !isFirst) return Together;
        foreach (var term in pod.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
            if (cluster.Placed.Any(p => SamePlace(p.Node, node, term.TopologyKey) && ObviousRules.Means(term, pod, p.Pod, cluster))) return Apart;
        foreach (var (other, at) in cluster.Placed)
            foreach (var term in other.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
                if (SamePlace(at, node, term.TopologyKey) && ObviousRules.Means(term, other, pod, cluster)) return Unwelcome;
        return null;
    }

    private static long ObviousScore(RandomCluster cluster, Pod pod, Node node)
    {
        long sum = 0;
        foreach (var (other, at) in cluster.Placed)
        {
            sum += Of(pod.Spec.Affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, 1, pod, other, at);
            sum += Of(pod.Spec.Affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, -1, pod, other, at);
            sum += Of(other.Spec.Affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, 1, other, pod, at);
            sum += Of(other.Spec.Affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, -1, other, pod, at);
            sum += (other.Spec.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Count(t => SamePlace(at, node, t.TopologyKey) && ObviousRules.Means(t, other, pod, cluster));
        }
        return sum;

        long Of(List<WeightedPodAffinityTerm>? terms, int sign, Pod holder, Pod meant, Node at) =>
            (terms ?? []).Where(t => SamePlace(at, node, t.PodAffinityTerm.TopologyKey) && ObviousRules.Means(t.PodAffinityTerm, holder, meant, cluster)).Sum(t => sign * t.Weight);
    }

    private static bool SamePlace(Node one, Node other, string key) => ObviousRules.Label(one, key) is { } value && value == ObviousRules.Label(other, key);

    private static readonly ResourceColumns Columns = new();

    /// <summary>Nodes a1 and a2 in zone a, b1 in zone b; namespace "other" is labelled team=x.</summary>
    private static NodeTable Cluster(params (string Node, Pod Pod)[] placed)
    {
        var table = new NodeTable(Columns);
        foreach (var name in (string[])["a1", "a2", "b1"]) table.Set(Node(name, and: n => n.Metadata.Labels!["zone"] = name[..1]));
        table.Topology.NamespaceChanged("other", new Dictionary<string, string> { ["team"] = "x" });
        foreach (var (node, pod) in placed) table.AddPod(node, PodInfo.Of(pod, Columns));
        return table;
    }

    private static string?[] Refusals(Pod pod, params (string Node, Pod Pod)[] placed)
    {
        var cluster = Cluster(placed);
        return [.. new[] { "a1", "a2", "b1" }.Select(n => Refuses(cluster, pod, n))];
    }

    private static string? Refuses(NodeTable cluster, Pod pod, string node) => Verdict(cluster, pod, node)?.Reasons[0];

    private static FilterStatus? Verdict(NodeTable cluster, Pod pod, string node) => ((IFilterPlugin)new InterPodAffinity()).Prepare(PodInfo.Of(pod, Columns), cluster)?.Check(cluster.Find(node)!);

    private static long[] Scores(NodeTable cluster, Pod pod)
    {
        var opinion = ((IScorePlugin)new InterPodAffinity()).Prepare(PodInfo.Of(pod, Columns), cluster, [.. cluster.Nodes])!;
        var scores = cluster.Nodes.Select(opinion.Score).ToArray();
        opinion.Normalize(scores);
        return scores;
    }

    private static Pod Labelled(string name, string app, Action<Pod>? and = null) => Pod(name, and: p =>
    {
        p.Metadata.Labels = new() { ["app"] = app };
        and?.Invoke(p);
    });

    private static PodAffinityTerm Term(string app, string key) => new() { TopologyKey = key, LabelSelector = new() { MatchLabels = new() { ["app"] = app } } };

    private static Action<Pod> Need(string app, string key) => p => p.Spec.Affinity = new() { PodAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term(app, key)] } };

    private static Action<Pod> Avoid(string app, string key, Action<PodAffinityTerm>? and = null)
    {
        var term = Term(app, key);
        and?.Invoke(term);
        return p => p.Spec.Affinity = new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [term] } };
    }
}
