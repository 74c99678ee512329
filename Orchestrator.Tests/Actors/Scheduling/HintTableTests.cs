using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;
using NodeAffinity = Orchestrator.Actors.Scheduling.Plugins.NodeAffinity;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>Plugin by plugin: which changes of the cluster may help a pod that it refused (Kubernetes' EventsToRegister and queueing hints).</summary>
public sealed class HintTableTests
{
    private static readonly ResourceColumns Columns = new();

    [Theory]
    [InlineData("NodeUnschedulable", ClusterChange.NodeAdded | ClusterChange.NodeTaints)]
    [InlineData("NodeName", ClusterChange.NodeAdded)]
    [InlineData("TaintToleration", ClusterChange.NodeAdded | ClusterChange.NodeTaints)]
    [InlineData("NodeAffinity", ClusterChange.NodeAdded | ClusterChange.NodeLabels)]
    [InlineData("NodePorts", ClusterChange.NodeAdded | ClusterChange.PodLeft)]
    [InlineData("NodeResourcesFit", ClusterChange.NodeAdded | ClusterChange.NodeAllocatable | ClusterChange.PodLeft)]
    [InlineData("VolumeRestrictions", ClusterChange.NodeAdded | ClusterChange.PodLeft | ClusterChange.Claim)]
    [InlineData("NodeVolumeLimits", ClusterChange.NodeAdded | ClusterChange.NodeDrivers | ClusterChange.PodLeft | ClusterChange.PodCame | ClusterChange.Claim)]
    [InlineData("VolumeBinding", ClusterChange.NodeAdded | ClusterChange.NodeLabels | ClusterChange.Storage | ClusterChange.Claim)]
    [InlineData("VolumeZone", ClusterChange.NodeAdded | ClusterChange.NodeLabels | ClusterChange.Storage | ClusterChange.Claim)]
    [InlineData("PodTopologySpread", ClusterChange.NodeAdded | ClusterChange.NodeLabels | ClusterChange.NodeTaints | ClusterChange.PodCame | ClusterChange.PodLeft)]
    [InlineData("InterPodAffinity", ClusterChange.NodeAdded | ClusterChange.NodeLabels | ClusterChange.PodCame | ClusterChange.PodLeft | ClusterChange.NamespaceLabels)]
    public void Only_these_changes_may_help(string plugin, ClusterChange changes) =>
        new SchedulingAlgorithm(new SchedulerProfile(), new NodeTable(Columns), Columns, new Random(1)).Filters.Single(f => f.Name == plugin).HelpedBy.ShouldBe(changes);

    [Fact]
    public void Every_filter_is_in_the_table() =>
        typeof(HintTableTests).GetMethod(nameof(Only_these_changes_may_help))!.GetCustomAttributesData().Where(a => a.AttributeType == typeof(InlineDataAttribute))
            .Select(a => (string)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)a.ConstructorArguments[0].Value!)[0].Value!)
            .ShouldBe(new SchedulingAlgorithm(new SchedulerProfile(), new NodeTable(Columns), Columns, new Random(1)).Filters.Select(f => f.Name), ignoreOrder: true);

    [Theory]
    // the waiting pod's ports, the leaving pod's ports
    [InlineData("TCP:80", "TCP:80", true)]
    [InlineData("TCP:80", "UDP:80", false)]
    [InlineData("TCP:80", "TCP:81", false)]
    [InlineData("TCP:80", "", false)]
    [InlineData("TCP:80 UDP:53", "UDP:53", true)]
    public void NodePorts_waits_for_pods_that_hold_its_ports(string wanted, string left, bool helps) =>
        Helps(new NodePorts(), Ports("new", wanted), ClusterChange.PodLeft, Ports("old", left)).ShouldBe(helps);

    [Fact]
    public void NodeResourcesFit_waits_for_any_pod_to_leave_for_each_is_one_less() =>
        Helps(new NodeResourcesFit(Columns), Pod("new", "1"), ClusterChange.PodLeft, Pod("old")).ShouldBeTrue();

    [Theory]
    [InlineData(ClusterChange.PodCame, "db", true)]
    [InlineData(ClusterChange.PodCame, "cache", false)]
    [InlineData(ClusterChange.PodLeft, "db", true)] // the last one: the pod may be the first of its kind then
    [InlineData(ClusterChange.PodLeft, "cache", false)]
    public void InterPodAffinity_waits_for_the_pods_it_speaks_of(ClusterChange change, string other, bool helps) =>
        Helps(new InterPodAffinity(), Labelled("new", "web", p => p.Spec.Affinity = new() { PodAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term("db")] } }), change, Labelled("other", other)).ShouldBe(helps);

    [Theory]
    [InlineData(ClusterChange.PodLeft, "db", true)]
    [InlineData(ClusterChange.PodCame, "db", false)]
    [InlineData(ClusterChange.PodLeft, "cache", false)]
    public void InterPodAffinity_waits_for_those_to_leave_that_it_avoids(ClusterChange change, string other, bool helps) =>
        Helps(new InterPodAffinity(), Labelled("new", "web", p => p.Spec.Affinity = new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term("db")] } }), change, Labelled("other", other)).ShouldBe(helps);

    [Theory]
    [InlineData("web", true)]
    [InlineData("cache", false)]
    public void InterPodAffinity_waits_for_those_to_leave_that_avoid_it(string avoided, bool helps) =>
        Helps(new InterPodAffinity(), Labelled("new", "web"), ClusterChange.PodLeft,
            Labelled("other", "db", p => p.Spec.Affinity = new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term(avoided)] } })).ShouldBe(helps);

    [Theory]
    [InlineData(ClusterChange.PodCame, "web", true)]
    [InlineData(ClusterChange.PodLeft, "web", true)]
    [InlineData(ClusterChange.PodCame, "cache", false)]
    public void PodTopologySpread_waits_for_the_pods_it_counts(ClusterChange change, string other, bool helps) => Helps(new PodTopologySpread(), Spread(null), change, Labelled("other", other)).ShouldBe(helps);

    [Theory]
    [InlineData(null, false)]
    [InlineData("Honor", true)]
    public void PodTopologySpread_waits_for_taints_only_where_it_honours_them(string? policy, bool helps) => Helps(new PodTopologySpread(), Spread(policy), ClusterChange.NodeTaints, null).ShouldBe(helps);

    [Theory]
    [InlineData("c", "default", true)]
    [InlineData("d", "default", false)]
    [InlineData("c", "other", false)]
    public void Volume_plugins_wait_for_the_pods_own_claims(string claim, string ns, bool helps)
    {
        foreach (var plugin in (IFilterPlugin[])[new VolumeBinding(), new VolumeZone(), new VolumeRestrictions(), new NodeVolumeLimits()])
            plugin.MayHelp(new ClusterEvent(ClusterChange.Claim, null, null) { Claim = (ns, claim) }, PodInfo.Of(Using("new", "c"), Columns), new NodeTable(Columns)).ShouldBe(helps, plugin.Name);
    }

    [Theory]
    [InlineData("c", true)]
    [InlineData("d", false)]
    public void VolumeRestrictions_waits_for_pods_with_the_same_claim(string other, bool helps) =>
        Helps(new VolumeRestrictions(), Using("new", "c"), ClusterChange.PodLeft, Using("old", other)).ShouldBe(helps);

    [Fact]
    public void NodeVolumeLimits_waits_for_pods_that_mount_something()
    {
        Helps(new NodeVolumeLimits(), Using("new", "c"), ClusterChange.PodLeft, Using("old", "d")).ShouldBeTrue();
        Helps(new NodeVolumeLimits(), Using("new", "c"), ClusterChange.PodLeft, Pod("old")).ShouldBeFalse();
        Helps(new NodeVolumeLimits(), Using("new", "c"), ClusterChange.PodCame, Using("other", "c")).ShouldBeTrue();
        Helps(new NodeVolumeLimits(), Using("new", "c"), ClusterChange.PodCame, Pod("other")).ShouldBeFalse();
    }

    [Fact]
    public void Plugins_that_ask_one_node_leave_it_to_the_node_to_answer()
    {
        foreach (var plugin in (IFilterPlugin[])[new NodeUnschedulable(), new NodeName(), new TaintToleration(), new NodeAffinity()])
            (plugin.LooksBeyondTheNode, Helps(plugin, Pod("new"), ClusterChange.NodeTaints, null)).ShouldBe((false, true), plugin.Name);
        foreach (var plugin in (IFilterPlugin[])[new PodTopologySpread(), new InterPodAffinity(), new VolumeRestrictions()]) plugin.LooksBeyondTheNode.ShouldBeTrue(plugin.Name);
    }

    private static bool Helps(IFilterPlugin plugin, Pod pod, ClusterChange change, Pod? other)
    {
        var nodes = new NodeTable(Columns);
        nodes.Set(Node("n"));
        return plugin.MayHelp(new ClusterEvent(change, nodes.Nodes[0], other is null ? null : PodInfo.Of(other, Columns)), PodInfo.Of(pod, Columns), nodes);
    }

    private static Pod Ports(string name, string ports) => Pod(name, and: p => p.Spec.Containers![0].Ports =
        [.. ports.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(t => new ContainerPort { Protocol = t.Split(':')[0], HostPort = int.Parse(t.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture) })]);

    private static PodAffinityTerm Term(string app) => new() { TopologyKey = "zone", LabelSelector = new() { MatchLabels = new() { ["app"] = app } } };

    private static Pod Labelled(string name, string app, Action<Pod>? and = null) => Pod(name, and: p =>
    {
        p.Metadata.Labels = new() { ["app"] = app };
        and?.Invoke(p);
    });

    private static Pod Spread(string? taintsPolicy) => Labelled("new", "web", p => p.Spec.TopologySpreadConstraints =
        [new() { TopologyKey = "zone", MaxSkew = 1, WhenUnsatisfiable = "DoNotSchedule", NodeTaintsPolicy = taintsPolicy, LabelSelector = new() { MatchLabels = new() { ["app"] = "web" } } }]);

    private static Pod Using(string name, string claim) => Pod(name, and: p => p.Spec.Volumes = [new Volume { Name = "v", PersistentVolumeClaim = new() { ClaimName = claim } }]);
}
