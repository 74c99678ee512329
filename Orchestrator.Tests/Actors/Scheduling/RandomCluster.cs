using Orchestrator.Actors.Scheduling;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>
/// A small cluster that random changes have been folded into, beside the plain objects that are there in the end: what plugins say of the table can be held against
/// what a slow and obvious reading of the objects says. Few labels, so that everything meets everything.
/// </summary>
internal sealed class RandomCluster
{
    private static readonly string[] Zones = ["a", "b", "c"];
    private static readonly string[] Apps = ["web", "db", "cache"];
    private static readonly string[] Tiers = ["front", "back"];
    private static readonly string[] TopologyKeys = ["zone", "kubernetes.io/hostname", "rack"];
    private static readonly string[] AllNamespaces = ["one", "two", "three"];
    private readonly Random _random;
    private readonly Dictionary<string, (Pod Pod, PodInfo Info, string Node)> _pods = new(StringComparer.Ordinal);
    private int _next;

    public RandomCluster(int seed, int steps = 120)
    {
        (Seed, _random) = (seed, new Random(seed));
        Table = new NodeTable(Columns);
        foreach (var ns in AllNamespaces) Namespaces[ns] = [];
        for (var i = 0; i < 4; i++) SetNode();
        for (var step = 0; step < steps; step++) Change();
    }

    public int Seed { get; }

    public ResourceColumns Columns { get; } = new();

    public NodeTable Table { get; }

    public Dictionary<string, Node> Nodes { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Dictionary<string, string>> Namespaces { get; } = new(StringComparer.Ordinal);

    /// <summary>The pods on nodes that exist.</summary>
    public IEnumerable<(Pod Pod, Node Node)> Placed => _pods.Values.Where(p => Nodes.ContainsKey(p.Node)).Select(p => (p.Pod, Nodes[p.Node]));

    public PodInfo Read(Pod pod) => PodInfo.Of(pod, Columns);

    public bool Chance(int percent) => _random.Next(100) < percent;

    public int Pick(int below) => _random.Next(below);

    public T Pick<T>(IReadOnlyList<T> among) => among[_random.Next(among.Count)];

    /// <summary>A pod that wants something, not placed.</summary>
    public Pod NewPod()
    {
        var pod = SchedulingObjects.Pod($"p{_next++}", Chance(60) ? $"{Pick(20) * 100}m" : null, Chance(60) ? $"{Pick(8) * 256}Mi" : null);
        pod.Metadata.Namespace = Pick(AllNamespaces);
        pod.Metadata.Labels = new() { ["app"] = Pick(Apps) };
        if (Chance(50)) pod.Metadata.Labels["tier"] = Pick(Tiers);
        pod.Spec.Containers![0].Image = $"image-{Pick(4)}";
        if (Chance(20)) (pod.Spec.Containers[0].Resources.Requests ??= [])["example.com/gpu"] = new Quantity(1 + Pick(2));
        if (Chance(30)) pod.Spec.InitContainers = [.. Some(3, () => new Container { RestartPolicy = Chance(40) ? "Always" : null, Resources = new() { Requests = new() { ["cpu"] = new Quantity(Pick(3)) } } })];
        if (Chance(10)) pod.Spec.Overhead = new() { ["memory"] = Quantity.Parse("128Mi") };
        if (Chance(30)) pod.Spec.NodeSelector = new() { ["zone"] = Pick(Zones) };
        if (Chance(30)) pod.Spec.Tolerations = [Chance(30) ? new Toleration { Operator = "Exists" } : new Toleration { Key = "dedicated", Operator = "Equal", Value = Pick(Apps) }];
        pod.Spec.Affinity = new Affinity();
        if (Chance(20)) pod.Spec.Affinity.NodeAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [NodeTerm()] } };
        if (Chance(30))
            (pod.Spec.Affinity.NodeAffinity ??= new()).PreferredDuringSchedulingIgnoredDuringExecution = [.. Some(3, () => new PreferredSchedulingTerm { Weight = 1 + Pick(100), Preference = NodeTerm() })];
        if (Chance(40)) pod.Spec.Affinity.PodAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [.. Some(2, Term)], PreferredDuringSchedulingIgnoredDuringExecution = [.. Some(2, Weighted)] };
        if (Chance(40)) pod.Spec.Affinity.PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [.. Some(2, Term)], PreferredDuringSchedulingIgnoredDuringExecution = [.. Some(2, Weighted)] };
        if (Chance(60)) pod.Spec.TopologySpreadConstraints = [.. Some(3, Constraint)];
        if (Chance(20)) pod.Spec.Containers[0].Ports = [new ContainerPort { HostPort = 80 + Pick(3), Protocol = Chance(50) ? "TCP" : "UDP", HostIP = Chance(30) ? "10.0.0.1" : "" }];
        return pod;
    }

    private void Change()
    {
        switch (_random.Next(10))
        {
            case 0 or 1:
                SetNode();
                break;
            case 2 when Nodes.Count > 2:
                var gone = Pick(Nodes.Keys.ToList());
                Nodes.Remove(gone);
                Table.Remove(gone);
                break;
            case 3:
                var ns = Pick(AllNamespaces);
                Namespaces[ns] = Chance(50) ? new() { ["team"] = Pick(Apps) } : [];
                Table.Topology.NamespaceChanged(ns, Namespaces[ns]);
                break;
            case 4 when _pods.Count > 0:
                var (left, (_, info, on)) = Pick(_pods.ToList());
                _pods.Remove(left);
                Table.RemovePod(on, info);
                break;
            case 5:
                // A question makes counters, which from then on follow what changes.
                Ask(new Orchestrator.Actors.Scheduling.Plugins.InterPodAffinity());
                Ask(new Orchestrator.Actors.Scheduling.Plugins.PodTopologySpread());
                break;
            default:
                var pod = NewPod();
                if (Chance(15)) pod.Metadata.DeletionTimestamp = DateTimeOffset.UnixEpoch;
                var read = Read(pod);
                // Also onto nodes that are not there yet, or no more.
                var node = $"n{Pick(7)}";
                _pods.Add(pod.Metadata.Name, (pod, read, node));
                Table.AddPod(node, read);
                break;
        }
    }

    private void Ask<T>(T plugin)
        where T : IFilterPlugin, IScorePlugin
    {
        var pod = Read(NewPod());
        ((IFilterPlugin)plugin).Prepare(pod, Table);
        ((IScorePlugin)plugin).Prepare(pod, Table, [.. Table.Nodes]);
    }

    private void SetNode()
    {
        var name = $"n{Pick(7)}";
        var node = SchedulingObjects.Node(name, $"{1 + Pick(8)}", $"{1 + Pick(8)}Gi", Chance(20) ? $"{Pick(4)}" : "110");
        if (Chance(30)) node.Status.Allocatable!["example.com/gpu"] = new Quantity(Pick(4));
        node.Spec.Unschedulable = Chance(10);
        if (Chance(80)) node.Metadata.Labels!["zone"] = Pick(Zones);
        if (Chance(50)) node.Metadata.Labels!["rack"] = $"{Pick(4)}";
        if (Chance(15)) node.Metadata.Labels!.Remove("kubernetes.io/hostname");
        if (Chance(30)) node.Spec.Taints = [.. Some(2, () => new Taint { Key = "dedicated", Value = Pick(Apps), Effect = Pick(["NoSchedule", "NoExecute", "PreferNoSchedule"]) })];
        node.Status.Images = [.. Some(3, () => Pick(4)).Distinct().Select(i => new ContainerImage { Names = [$"image-{i}:latest"], SizeBytes = (i + 1) * 200_000_000L })];
        Nodes[name] = node;
        Table.Set(node);
    }

    private IEnumerable<T> Some<T>(int most, Func<T> make) => Enumerable.Range(0, Pick(most + 1)).Select(_ => make()).ToList();

    private NodeSelectorTerm NodeTerm() => new()
    {
        MatchExpressions = [new NodeSelectorRequirement { Key = Pick(["zone", "rack"]), Operator = Pick(["In", "NotIn"]), Values = [Pick(Zones), $"{Pick(4)}"] }],
    };

    private PodAffinityTerm Term() => new()
    {
        TopologyKey = Pick(TopologyKeys),
        LabelSelector = Chance(5) ? null : Selector(),
        Namespaces = Chance(20) ? [Pick(AllNamespaces)] : null,
        NamespaceSelector = Chance(30) ? (Chance(30) ? new LabelSelector() : new LabelSelector { MatchLabels = new() { ["team"] = Pick(Apps) } }) : null,
        MatchLabelKeys = Chance(20) ? ["tier"] : null,
        MismatchLabelKeys = Chance(10) ? ["app"] : null,
    };

    private WeightedPodAffinityTerm Weighted() => new() { Weight = 1 + Pick(100), PodAffinityTerm = Term() };

    private TopologySpreadConstraint Constraint() => new()
    {
        TopologyKey = Pick(TopologyKeys),
        MaxSkew = 1 + Pick(3),
        MinDomains = Chance(20) ? 1 + Pick(5) : null,
        WhenUnsatisfiable = Chance(50) ? "DoNotSchedule" : "ScheduleAnyway",
        LabelSelector = Chance(5) ? null : Selector(),
        NodeAffinityPolicy = Pick([null, "Honor", "Ignore"]),
        NodeTaintsPolicy = Pick([null, "Honor", "Ignore"]),
        MatchLabelKeys = Chance(20) ? ["tier"] : null,
    };

    private LabelSelector Selector() => Pick(4) switch
    {
        0 => new LabelSelector(),
        1 => new LabelSelector { MatchExpressions = [new LabelSelectorRequirement { Key = "tier", Operator = Pick(["Exists", "DoesNotExist"]) }] },
        2 => new LabelSelector { MatchExpressions = [new LabelSelectorRequirement { Key = "app", Operator = Pick(["In", "NotIn"]), Values = [Pick(Apps), Pick(Apps)] }] },
        _ => new LabelSelector { MatchLabels = new() { ["app"] = Pick(Apps) } },
    };
}
