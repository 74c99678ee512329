using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Storage.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

public sealed class VolumePluginTests
{
    private readonly ResourceColumns _columns = new();
    private readonly NodeTable _nodes;

    public VolumePluginTests()
    {
        _nodes = new NodeTable(_columns);
        _nodes.Set(Node("a", and: n => n.Metadata.Labels!["zone"] = "a"));
        _nodes.Set(Node("b", and: n => n.Metadata.Labels!["zone"] = "b"));
        Class("late", "example.com/disks", "WaitForFirstConsumer");
        Class("local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer");
        Class("now", "example.com/disks", "Immediate");
    }

    [Fact]
    public void A_claim_that_does_not_exist_keeps_the_pod_from_every_node() =>
        Everywhere(Using("gone")).ShouldBe("persistentvolumeclaim \"gone\" not found");

    [Fact]
    public void A_claim_that_does_not_wait_must_be_bound_first()
    {
        Claim("data", "now");
        Everywhere(Using("data")).ShouldBe("pod has unbound immediate PersistentVolumeClaims");
    }

    [Fact]
    public void A_claim_that_is_being_deleted_or_has_lost_its_volume_is_of_no_use()
    {
        Claim("going", "late", c => c.Metadata.DeletionTimestamp = DateTimeOffset.UnixEpoch);
        Everywhere(Using("going")).ShouldBe("persistentvolumeclaim \"going\" is being deleted");
        Claim("lost", "late", c => (c.Status.Phase, c.Spec.VolumeName) = ("Lost", "v"));
        Everywhere(Using("lost")).ShouldBe("persistentvolumeclaim \"lost\" bound to non-existent persistentvolume \"v\"");
    }

    [Fact]
    public void A_bound_volume_is_followed_to_where_it_can_be_used()
    {
        Volume("v", "now", zone: "b");
        Bound("data", "v");
        Refusal(Using("data"), "a").ShouldBe("node(s) had volume node affinity conflict");
        Refusal(Using("data"), "b").ShouldBeNull();
    }

    [Fact]
    public void A_bound_claim_whose_volume_is_gone_fits_nowhere()
    {
        Bound("data", "nowhere");
        Refusal(Using("data"), "a").ShouldBe("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
    }

    [Fact]
    public void A_claim_that_waits_goes_where_its_class_can_make_a_volume()
    {
        Claim("data", "late");
        Refusal(Using("data"), "a").ShouldBeNull();
        Class("late", "example.com/disks", "WaitForFirstConsumer", "b");
        Refusal(Using("data"), "a").ShouldBe("node(s) didn't find available persistent volumes to bind");
        Refusal(Using("data"), "b").ShouldBeNull();
    }

    [Theory]
    // capacity, class, access mode, zone of a volume; whether nodes a, b do for a claim of 5Gi, ReadWriteOnce, class local
    [InlineData("5Gi", "local", "ReadWriteOnce", "a", true, false)]
    [InlineData("4Gi", "local", "ReadWriteOnce", "a", false, false)]
    [InlineData("5Gi", "other", "ReadWriteOnce", "a", false, false)]
    [InlineData("5Gi", "local", "ReadOnlyMany", "a", false, false)]
    [InlineData("9Gi", "local", "ReadWriteOnce", "", true, true)]
    public void A_claim_without_a_provisioner_goes_where_a_free_volume_fits(string capacity, string storageClass, string mode, string zone, bool a, bool b)
    {
        Claim("data", "local");
        Volume("v", storageClass, zone, capacity, mode);
        (Refusal(Using("data"), "a") is null).ShouldBe(a);
        (Refusal(Using("data"), "b") is null).ShouldBe(b);
    }

    [Fact]
    public void A_volume_that_is_promised_to_one_pod_is_not_there_for_the_next()
    {
        var now = DateTimeOffset.UnixEpoch;
        var scheduler = new ClusterScheduler(seed: 1);
        scheduler.NodeChanged(Node("a", and: n => n.Metadata.Labels!["zone"] = "a"), now);
        var volumes = scheduler.Nodes.Volumes;
        volumes.SetClass("local", NewClass("local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer"));
        volumes.SetVolume("v", NewVolume("v", "local", "a"));
        foreach (var name in (string[])["one", "two"])
        {
            volumes.SetClaim("default", name, NewClaim(name, "local"));
            scheduler.PodChanged(Using(name), now);
        }
        var first = scheduler.Next(now)!;
        first.Volumes.Single().Volume!.Name.ShouldBe("v");
        scheduler.Next(now)!.Message.ShouldBe("0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
        scheduler.BindFailed(first.Pod, now);
        scheduler.VolumesChanged(ClusterChange.Storage, "", now);
        now += TimeSpan.FromSeconds(1);
        scheduler.Next(now)!.Volumes.Single().Volume!.Name.ShouldBe("v");
    }

    [Fact]
    public void A_pod_that_waits_for_a_claim_wakes_when_it_comes()
    {
        var now = DateTimeOffset.UnixEpoch;
        var scheduler = new ClusterScheduler(seed: 1);
        scheduler.NodeChanged(Node("a"), now);
        scheduler.PodChanged(Using("data"), now);
        scheduler.Next(now)!.Message.ShouldBe("0/1 nodes are available: persistentvolumeclaim \"data\" not found. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
        now += TimeSpan.FromSeconds(5);
        scheduler.Nodes.Volumes.SetClass("late", NewClass("late", "example.com/disks", "WaitForFirstConsumer"));
        scheduler.Nodes.Volumes.SetClaim("default", "data", NewClaim("data", "late"));
        scheduler.VolumesChanged(ClusterChange.Storage, "", now);
        scheduler.Next(now)!.Node.ShouldBe("a");
    }

    [Fact]
    public void The_smallest_volume_that_fits_is_chosen_and_each_only_once()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var run = 0; run < 300; run++)
        {
            var volumes = Enumerable.Range(0, random.Next(6)).Select(i => (Name: $"v{i}", Size: random.Next(1, 6), Zone: random.Next(3) switch { 0 => "a", 1 => "b", _ => "" })).ToList();
            for (var i = 0; i < 6; i++) _nodes.Volumes.SetVolume($"v{i}", null);
            foreach (var (name, size, zone) in volumes) Volume(name, "local", zone, $"{size}Gi");
            var claims = Enumerable.Range(0, random.Next(1, 4)).Select(i => NewClaim($"c{i}", "local", c => c.Spec.Resources.Requests!["storage"] = Quantity.Parse($"{random.Next(1, 6)}Gi"))).ToList();
            var choice = VolumeBinding.Choose(_nodes.Volumes, claims, _nodes.Find("a")!);

            // The obvious way: claims by size, each the smallest that is left.
            var left = volumes.Where(v => v.Zone != "b").OrderBy(v => v.Size).ThenBy(v => v.Name, StringComparer.Ordinal).ToList();
            var expected = new List<string>();
            foreach (var claim in claims.OrderBy(c => c.Spec.Resources.Requests!["storage"]))
            {
                var at = left.FindIndex(v => Quantity.Parse($"{v.Size}Gi") >= claim.Spec.Resources.Requests!["storage"]);
                if (at < 0) break;
                expected.Add(left[at].Name);
                left.RemoveAt(at);
            }
            if (expected.Count < claims.Count) choice.ShouldBeNull($"seed {seed} run {run}");
            else choice!.Select(c => c.Volume!.Name).ShouldBe(expected, $"seed {seed} run {run}");
        }
    }

    [Fact]
    public void NodeVolumeLimits_counts_each_volume_of_a_driver_once()
    {
        _nodes.Volumes.SetLimits("a", new CSINode { Spec = new() { Drivers = [new() { Name = "example.com/disks", Allocatable = new() { Count = 2 } }] } });
        for (var i = 0; i < 3; i++)
        {
            _nodes.Volumes.SetVolume($"v{i}", NewVolume($"v{i}", "now", "", csi: $"handle-{i}"));
            Bound($"c{i}", $"v{i}");
        }
        string? Ask(params string[] claims) => new NodeVolumeLimits().Prepare(PodInfo.Of(Using(claims), _columns), _nodes)?.Check(_nodes.Find("a")!)?.Reasons[0];
        Ask("c0", "c1", "c2").ShouldBe("node(s) exceed max volume count");
        Ask("c0", "c1").ShouldBeNull();
        _nodes.AddPod("a", PodInfo.Of(Using("c0", "c1"), _columns));
        Ask("c2").ShouldBe("node(s) exceed max volume count");
        Ask("c1").ShouldBeNull("it is there already");
        new NodeVolumeLimits().Prepare(PodInfo.Of(Using("c2"), _columns), _nodes)!.Check(_nodes.Find("b")!).ShouldBeNull("the node says nothing of limits");
    }

    private string? Everywhere(Pod pod) => new VolumeBinding().Prepare(PodInfo.Of(pod, _columns), _nodes)!.Everywhere?.Reasons[0];

    private string? Refusal(Pod pod, string node) => new VolumeBinding().Prepare(PodInfo.Of(pod, _columns), _nodes)!.Check(_nodes.Find(node)!)?.Reasons[0];

    private static Pod Using(params string[] claims) => Pod("uses-" + string.Join('-', claims), and: p =>
        p.Spec.Volumes = [.. claims.Select(c => new Volume { Name = c, PersistentVolumeClaim = new() { ClaimName = c } })]);

    private void Class(string name, string provisioner, string mode, string? zone = null) => _nodes.Volumes.SetClass(name, NewClass(name, provisioner, mode, zone));

    private void Claim(string name, string storageClass, Action<PersistentVolumeClaim>? and = null) => _nodes.Volumes.SetClaim("default", name, NewClaim(name, storageClass, and));

    private void Bound(string name, string volume) => Claim(name, "now", c =>
    {
        c.Spec.VolumeName = volume;
        c.Metadata.Annotations = new() { ["pv.kubernetes.io/bind-completed"] = "yes" };
    });

    private void Volume(string name, string storageClass, string zone = "", string capacity = "5Gi", string mode = "ReadWriteOnce") =>
        _nodes.Volumes.SetVolume(name, NewVolume(name, storageClass, zone, capacity, mode));

    private static StorageClass NewClass(string name, string provisioner, string mode, string? zone = null) => new()
    {
        Metadata = new() { Name = name },
        Provisioner = provisioner,
        VolumeBindingMode = mode,
        AllowedTopologies = zone is null ? null : [new() { MatchLabelExpressions = [new() { Key = "zone", Values = [zone] }] }],
    };

    private static PersistentVolumeClaim NewClaim(string name, string storageClass, Action<PersistentVolumeClaim>? and = null)
    {
        var claim = new PersistentVolumeClaim
        {
            Metadata = new() { Name = name, Namespace = "default", UID = $"uid-{name}" },
            Spec = new() { StorageClassName = storageClass, AccessModes = ["ReadWriteOnce"], Resources = new() { Requests = new() { ["storage"] = Quantity.Parse("5Gi") } } },
        };
        and?.Invoke(claim);
        return claim;
    }

    private static PersistentVolume NewVolume(string name, string storageClass, string zone, string capacity = "5Gi", string mode = "ReadWriteOnce", string? csi = null) => new()
    {
        Metadata = new() { Name = name },
        Spec = new()
        {
            StorageClassName = storageClass,
            AccessModes = [mode],
            Capacity = new() { ["storage"] = Quantity.Parse(capacity) },
            CSI = csi is null ? null : new() { Driver = "example.com/disks", VolumeHandle = csi },
            NodeAffinity = zone.Length == 0 ? null : new() { Required = new() { NodeSelectorTerms = [new() { MatchExpressions = [new() { Key = "zone", Operator = "In", Values = [zone] }] }] } },
        },
        Status = new() { Phase = "Available" },
    };
}
