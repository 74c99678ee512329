using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Actors.Volumes;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Storage.V1;
using Orchestrator.Tests.Actors.Volumes;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>Disks that are mounted once, zones of volumes, and room for volumes that are yet to be made.</summary>
public sealed class VolumeRestrictionsTests
{
    private readonly ResourceColumns _columns = new();
    private readonly NodeTable _nodes;

    public VolumeRestrictionsTests()
    {
        _nodes = new NodeTable(_columns);
        _nodes.Set(Node("a", and: n => n.Metadata.Labels!["topology.kubernetes.io/zone"] = "a"));
        _nodes.Set(Node("b", and: n => n.Metadata.Labels!["topology.kubernetes.io/zone"] = "b"));
    }

    [Theory]
    // the disk of a pod that is there, the disk of the new pod (kind, name, r for read-only, monitors); whether both can be
    [InlineData("gce d rw", "gce d rw", false)]
    [InlineData("gce d r", "gce d rw", false)]
    [InlineData("gce d r", "gce d r", true)]
    [InlineData("gce d rw", "gce e rw", true)]
    [InlineData("ebs d r", "ebs d r", false)]
    [InlineData("ebs d rw", "ebs e rw", true)]
    [InlineData("iscsi d rw", "iscsi d r", false)]
    [InlineData("iscsi d r", "iscsi d r", true)]
    [InlineData("rbd d rw m1,m2", "rbd d rw m2,m3", false)]
    [InlineData("rbd d rw m1", "rbd d rw m2", true)]
    [InlineData("rbd d r m1", "rbd d r m1", true)]
    [InlineData("rbd d rw m1", "rbd e rw m1", true)]
    [InlineData("gce d rw", "ebs d rw", true)]
    [InlineData("empty d rw", "empty d rw", true)]
    public void A_disk_is_mounted_once_unless_all_only_read(string there, string wanted, bool together)
    {
        _nodes.AddPod("a", PodInfo.Of(With("there", there), _columns));
        var refusal = Ask(new VolumeRestrictions(), With("new", wanted), "a");
        if (together) refusal.ShouldBeNull();
        else (refusal!.Reasons[0], refusal.Unresolvable).ShouldBe(("node(s) had no available disk", false));
        Ask(new VolumeRestrictions(), With("new", wanted), "b").ShouldBeNull();
    }

    [Fact]
    public void A_claim_for_one_pod_is_used_by_one_pod_anywhere()
    {
        _nodes.Volumes.SetClaim("default", "alone", VolumeObjects.Claim("alone", and: c => c.Spec.AccessModes = ["ReadWriteOncePod"]));
        _nodes.Volumes.SetClaim("default", "shared", VolumeObjects.Claim("shared"));
        Ask(new VolumeRestrictions(), Using("new", "alone"), "a").ShouldBeNull();
        var first = PodInfo.Of(Using("first", "alone", "shared"), _columns);
        _nodes.AddPod("b", first);
        var refusal = Ask(new VolumeRestrictions(), Using("new", "alone"), "a")!;
        (refusal.Reasons[0], refusal.Unresolvable).ShouldBe(("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode", false));
        Ask(new VolumeRestrictions(), Using("new", "shared"), "a").ShouldBeNull();
        _nodes.RemovePod("b", first);
        Ask(new VolumeRestrictions(), Using("new", "alone"), "a").ShouldBeNull();
    }

    [Fact]
    public void A_more_important_pod_takes_a_claim_for_one_pod_from_another()
    {
        var now = DateTimeOffset.UnixEpoch;
        var scheduler = new ClusterScheduler(1);
        scheduler.NodeChanged(Node("a"), now);
        scheduler.Nodes.Volumes.SetVolume("v", VolumeObjects.Volume("v", and: VolumeObjects.For("alone", "uid-alone")));
        scheduler.ClaimChanged("default", "alone", VolumeObjects.Claim("alone", and: c =>
        {
            c.Spec.AccessModes = ["ReadWriteOncePod"];
            VolumeObjects.BoundTo("v")(c);
        }), now);
        var low = Using("low", "alone");
        low.Spec.NodeName = "a";
        scheduler.PodChanged(low, now);
        var high = Using("high", "alone");
        high.Spec.Priority = 10;
        scheduler.PodChanged(high, now);
        scheduler.Next(now)!.Preemption!.Victims.Single().Key.Name.ShouldBe("low");
    }

    [Theory]
    // labels of the volume; whether nodes in zone a and b and one without any zone do
    [InlineData("topology.kubernetes.io/zone=a", true, false)]
    [InlineData("topology.kubernetes.io/zone=a__b", true, true)]
    [InlineData("topology.kubernetes.io/zone=c", false, false)]
    [InlineData("failure-domain.beta.kubernetes.io/zone=b", false, true)]
    [InlineData("topology.kubernetes.io/region=r", false, false)]
    [InlineData("topology.kubernetes.io/zone=a__", true, true)]
    [InlineData("other=a", true, true)]
    public void A_bound_volume_wants_its_zone(string label, bool a, bool b)
    {
        _nodes.Set(Node("bare"));
        var parts = label.Split('=');
        _nodes.Volumes.SetVolume("v", VolumeObjects.Volume("v", and: v => v.Metadata.Labels = new() { [parts[0]] = parts[1] }));
        _nodes.Volumes.SetClaim("default", "data", VolumeObjects.Claim("data", and: VolumeObjects.BoundTo("v")));
        (Ask(new VolumeZone(), Using("p", "data"), "a") is null).ShouldBe(a);
        (Ask(new VolumeZone(), Using("p", "data"), "b") is null).ShouldBe(b);
        Ask(new VolumeZone(), Using("p", "data"), "bare").ShouldBeNull();
        if (!a) (Ask(new VolumeZone(), Using("p", "data"), "a")!.Reasons[0], Ask(new VolumeZone(), Using("p", "data"), "a")!.Unresolvable).ShouldBe(("node(s) had no available volume zone", true));
    }

    [Theory]
    // capacity, largest volume, zone of what the driver says of its room; whether a claim of 5Gi fits on nodes a and b
    [InlineData("5Gi", null, "a", true, false)]
    [InlineData("4Gi", null, "a", false, false)]
    [InlineData("9Gi", "4Gi", "a", false, false)]
    [InlineData("1Gi", "5Gi", "a", true, false)]
    [InlineData(null, null, "a", false, false)]
    [InlineData("5Gi", null, "", true, true)]
    [InlineData("5Gi", null, null, false, false)]
    public void A_volume_is_made_where_its_driver_has_room(string? capacity, string? largest, string? zone, bool a, bool b)
    {
        var volumes = _nodes.Volumes;
        volumes.SetClass("late", VolumeObjects.Class("late", mode: "WaitForFirstConsumer"));
        volumes.SetClaim("default", "data", VolumeObjects.Claim("data", "late"));
        Ask(new VolumeBinding(), Using("p", "data"), "a").ShouldBeNull("the driver says nothing of room");
        volumes.SetDriver("example.com/disks", new CSIDriver { Spec = new() { StorageCapacity = true } });
        Ask(new VolumeBinding(), Using("p", "data"), "a")!.Reasons.ShouldBe(["node(s) did not have enough free storage"]);
        volumes.SetCapacity("kube-system", "other", new CSIStorageCapacity { StorageClassName = "other", Capacity = Quantity.Parse("9Gi"), NodeTopology = new() });
        volumes.SetCapacity("kube-system", "room", new CSIStorageCapacity
        {
            StorageClassName = "late",
            Capacity = capacity is null ? null : Quantity.Parse(capacity),
            MaximumVolumeSize = largest is null ? null : Quantity.Parse(largest),
            NodeTopology = zone is null ? null : new() { MatchLabels = zone.Length == 0 ? null : new() { ["topology.kubernetes.io/zone"] = zone } },
        });
        (Ask(new VolumeBinding(), Using("p", "data"), "a") is null).ShouldBe(a);
        (Ask(new VolumeBinding(), Using("p", "data"), "b") is null).ShouldBe(b);
        volumes.SetCapacity("kube-system", "room", null);
        Ask(new VolumeBinding(), Using("p", "data"), "a").ShouldNotBeNull();
        volumes.SetDriver("example.com/disks", null);
        Ask(new VolumeBinding(), Using("p", "data"), "a").ShouldBeNull();
    }

    [Fact]
    public void All_that_is_wrong_with_a_node_is_told()
    {
        var volumes = _nodes.Volumes;
        volumes.SetClass("local", VolumeObjects.Class("local", VolumeAnnotations.NoProvisioner, "WaitForFirstConsumer"));
        volumes.SetClaim("default", "waiting", VolumeObjects.Claim("waiting", "local"));
        volumes.SetClaim("default", "bound", VolumeObjects.Claim("bound", and: VolumeObjects.BoundTo("v")));
        volumes.SetVolume("v", VolumeObjects.Volume("v", and: v => v.Spec.NodeAffinity = new() { Required = new() { NodeSelectorTerms = [new() { MatchExpressions = [new() { Key = "topology.kubernetes.io/zone", Operator = "In", Values = ["b"] }] }] } }));
        Ask(new VolumeBinding(), Using("p", "bound", "waiting"), "a")!.Reasons.ShouldBe(["node(s) had volume node affinity conflict", "node(s) didn't find available persistent volumes to bind"]);
        volumes.SetVolume("v", null);
        Ask(new VolumeBinding(), Using("p", "bound", "waiting"), "a")!.Reasons.ShouldBe(["node(s) didn't find available persistent volumes to bind", "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"]);
    }

    [Fact]
    public void A_claim_that_is_named_like_a_pods_own_but_is_not_is_of_no_use()
    {
        var pod = Pod("web", and: p => p.Spec.Volumes = [new Volume { Name = "scratch", Ephemeral = new() }]);
        Everywhere().ShouldBe("waiting for ephemeral volume controller to create the persistentvolumeclaim \"web-scratch\"");
        _nodes.Volumes.SetClaim("default", "web-scratch", VolumeObjects.Claim("web-scratch", and: VolumeObjects.BoundTo("v")));
        _nodes.Volumes.SetVolume("v", VolumeObjects.Volume("v"));
        Everywhere().ShouldBe("PVC default/web-scratch was not created for pod default/web (pod is not owner)");
        _nodes.Volumes.SetClaim("default", "web-scratch", VolumeObjects.Claim("web-scratch", and: c =>
        {
            VolumeObjects.BoundTo("v")(c);
            c.Metadata.OwnerReferences = [new() { Kind = "Pod", Name = "web", UID = "uid-web", Controller = true }];
        }));
        Everywhere().ShouldBeNull();

        string? Everywhere() => new VolumeBinding().Prepare(PodInfo.Of(pod, _columns), _nodes)!.Everywhere?.Reasons[0];
    }

    [Fact]
    public void NodeVolumeLimits_counts_what_is_attached_without_a_pod()
    {
        _nodes.Volumes.SetLimits("a", new CSINode { Spec = new() { Drivers = [new() { Name = "d", Allocatable = new() { Count = 1 } }] } });
        for (var i = 0; i < 2; i++)
        {
            _nodes.Volumes.SetVolume($"v{i}", VolumeObjects.Volume($"v{i}", and: v => v.Spec.CSI = new() { Driver = "d", VolumeHandle = v.Metadata.Name }));
            _nodes.Volumes.SetClaim("default", $"c{i}", VolumeObjects.Claim($"c{i}", and: VolumeObjects.BoundTo($"v{i}")));
        }
        Ask(new NodeVolumeLimits(), Using("p", "c0"), "a").ShouldBeNull();
        _nodes.Volumes.SetAttachment("x", new VolumeAttachment { Spec = new() { NodeName = "a", Source = new() { PersistentVolumeName = "v1" } } }).ShouldBeNull();
        Ask(new NodeVolumeLimits(), Using("p", "c0"), "a")!.Reasons.ShouldBe(["node(s) exceed max volume count"]);
        Ask(new NodeVolumeLimits(), Using("p", "c1"), "a").ShouldBeNull("it is attached already");
        _nodes.Volumes.SetAttachment("x", null).ShouldBe("a");
        Ask(new NodeVolumeLimits(), Using("p", "c0"), "a").ShouldBeNull();
    }

    private FilterStatus? Ask(IFilterPlugin plugin, Pod pod, string node) => plugin.Prepare(PodInfo.Of(pod, _columns), _nodes)?.Check(_nodes.Find(node)!);

    private static Pod Using(string name, params string[] claims) => Pod(name, and: p =>
        p.Spec.Volumes = [.. claims.Select(c => new Volume { Name = c, PersistentVolumeClaim = new() { ClaimName = c } })]);

    private static Pod With(string name, string disk) => Pod(name, and: p =>
    {
        var parts = disk.Split(' ');
        var reads = parts[2] == "r";
        p.Spec.Volumes =
        [
            parts[0] switch
            {
                "gce" => new Volume { GCEPersistentDisk = new() { PDName = parts[1], ReadOnly = reads } },
                "ebs" => new Volume { AWSElasticBlockStore = new() { VolumeID = parts[1], ReadOnly = reads } },
                "iscsi" => new Volume { ISCSI = new() { IQN = parts[1], ReadOnly = reads } },
                "rbd" => new Volume { RBD = new() { RBDImage = parts[1], RBDPool = "pool", ReadOnly = reads, CephMonitors = [.. parts[3].Split(',')] } },
                _ => new Volume { EmptyDir = new() },
            },
        ];
    });
}
