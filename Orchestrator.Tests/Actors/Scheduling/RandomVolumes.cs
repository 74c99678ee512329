using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Volumes;
using Orchestrator.Resources;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Storage.V1;
using Orchestrator.Tests.Actors.Volumes;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>
/// A small cluster with volumes that random changes have been folded into a scheduler for, beside the plain objects that are there in the end. Few names, so that
/// everything meets everything.
/// </summary>
internal sealed class RandomVolumes
{
    public const string Driver = "example.com/disks";
    private static readonly string[] Zones = ["a", "b"];
    private readonly Random _random;
    private readonly DateTimeOffset _start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private int _next;

    public RandomVolumes(int seed, int steps)
    {
        (Seed, _random, Now) = (seed, new Random(seed), _start);
        Scheduler = new ClusterScheduler(seed, [new SchedulerProfile { Disabled = new HashSet<string> { "DefaultPreemption" } }]);
        SetClass("late", Driver, "WaitForFirstConsumer");
        SetClass("local", VolumeAnnotations.NoProvisioner, "WaitForFirstConsumer");
        SetClass("now", Driver, "Immediate");
        for (var i = 0; i < 3; i++) SetNode();
        for (var i = 0; i < steps; i++) Change();
    }

    public int Seed { get; }

    public DateTimeOffset Now { get; set; }

    public ClusterScheduler Scheduler { get; }

    public ResourceColumns Columns { get; } = new();

    public Dictionary<string, Node> Nodes { get; } = [];

    public Dictionary<string, PersistentVolumeClaim> Claims { get; } = [];

    public Dictionary<string, PersistentVolume> Volumes { get; } = [];

    public Dictionary<string, StorageClass> Classes { get; } = [];

    public Dictionary<string, CSIStorageCapacity> Capacities { get; } = [];

    public Dictionary<string, int> Limits { get; } = [];

    public Dictionary<string, (string Node, string Volume)> Attachments { get; } = [];

    public Dictionary<string, (Pod Pod, string Node)> Placed { get; } = [];

    public bool Measured { get; private set; }

    public int Pick(int below) => _random.Next(below);

    public T Pick<T>(params T[] among) => among[_random.Next(among.Length)];

    public bool Chance(int percent) => _random.Next(100) < percent;

    /// <summary>A pod with volumes, not placed.</summary>
    public Pod NewPod() => SchedulingObjects.Pod($"p{_next++}", "100m", and: p =>
    {
        p.Spec.Volumes = [.. Enumerable.Range(0, 1 + Pick(2)).Select(i => new Volume { Name = $"v{i}" })];
        foreach (var volume in p.Spec.Volumes)
        {
            switch (Pick(8))
            {
                case 0: volume.GCEPersistentDisk = new() { PDName = $"d{Pick(2)}", ReadOnly = Chance(60) }; break;
                case 1: volume.RBD = new() { RBDImage = $"d{Pick(2)}", RBDPool = "pool", ReadOnly = Chance(60), CephMonitors = [$"m{Pick(3)}", $"m{Pick(3)}"] }; break;
                default: volume.PersistentVolumeClaim = new() { ClaimName = $"c{Pick(6)}" }; break;
            }
        }
    });

    public void Place(Pod pod, string node)
    {
        pod.Spec.NodeName = node;
        Placed[pod.Metadata.Name] = (pod, node);
        Scheduler.PodChanged(pod, Now);
    }

    public void Change()
    {
        switch (Pick(12))
        {
            case 0: SetNode(); break;
            case 1: SetCapacity(); break;
            case 2 or 3: SetVolume(); break;
            case 4 or 5 or 6: SetClaim(); break;
            case 7: SetLimit(); break;
            case 8: SetAttachment(); break;
            case 9 when Placed.Count > 0: Leave(Placed.Keys.ElementAt(Pick(Placed.Count))); break;
            case 10:
                Measured = Chance(60);
                Scheduler.Nodes.Volumes.SetDriver(Driver, Chance(10) && !Measured ? null : new CSIDriver { Metadata = new() { Name = Driver }, Spec = new() { StorageCapacity = Measured } });
                Scheduler.VolumesChanged(ClusterChange.Storage, "", Now);
                break;
            default: Place(NewPod(), $"n{Pick(4)}"); break;
        }
    }

    private void Leave(string name)
    {
        Placed.Remove(name);
        Scheduler.PodGone(new ResourceKey("pods", "default", name), Now);
    }

    private void SetNode()
    {
        var node = SchedulingObjects.Node($"n{Pick(4)}");
        if (Chance(80)) node.Metadata.Labels!["topology.kubernetes.io/zone"] = Pick(Zones);
        Nodes[node.Metadata.Name] = node;
        Scheduler.NodeChanged(node, Now);
    }

    private void SetClass(string name, string provisioner, string mode)
    {
        Classes[name] = VolumeObjects.Class(name, provisioner, mode);
        Scheduler.Nodes.Volumes.SetClass(name, Classes[name]);
    }

    private void SetCapacity()
    {
        var name = $"room{Pick(4)}";
        var capacity = new CSIStorageCapacity
        {
            StorageClassName = "late",
            Capacity = Chance(90) ? Size() : null,
            MaximumVolumeSize = Chance(40) ? Size() : null,
            NodeTopology = Chance(20) ? null : Chance(30) ? new() : new() { MatchLabels = new() { ["topology.kubernetes.io/zone"] = Pick(Zones) } },
        };
        Set(Capacities, name, Chance(25) ? null : capacity, c => Scheduler.Nodes.Volumes.SetCapacity("kube-system", name, c), ClusterChange.Storage);
    }

    private void SetVolume()
    {
        var name = $"v{Pick(6)}";
        var volume = VolumeObjects.Volume(name, Pick("local", "late", "now"), $"{1 + Pick(3)}Gi", v =>
        {
            if (Chance(30)) v.Metadata.Labels = new() { [Pick("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")] = Pick("a", "b", "a__b") };
            if (Chance(50)) v.Spec.NodeAffinity = new() { Required = new() { NodeSelectorTerms = [new() { MatchExpressions = [new() { Key = "topology.kubernetes.io/zone", Operator = "In", Values = [Pick(Zones)] }] }] } };
            if (Chance(60)) v.Spec.CSI = new() { Driver = Driver, VolumeHandle = $"h{Pick(6)}" };
            if (Chance(30)) VolumeObjects.For($"c{Pick(6)}", Chance(50) ? $"uid-c{Pick(6)}" : "")(v);
            if (Chance(10)) v.Status.Phase = "Released";
        });
        Set(Volumes, name, Chance(15) ? null : volume, v => Scheduler.Nodes.Volumes.SetVolume(name, v), ClusterChange.Storage);
    }

    private void SetClaim()
    {
        var name = $"c{Pick(6)}";
        PersistentVolumeClaim? claim = Chance(8) ? null : VolumeObjects.Claim(name, Pick("local", "late", "late", "now"), $"{1 + Pick(3)}Gi", c =>
        {
            if (Chance(50)) VolumeObjects.BoundTo($"v{Pick(6)}")(c);
            else if (Chance(20)) c.Metadata.Annotations = new() { [VolumeAnnotations.SelectedNode] = $"n{Pick(4)}" };
            if (Chance(25)) c.Spec.AccessModes = ["ReadWriteOncePod"];
            if (Chance(5)) c.Status.Phase = "Lost";
            if (Chance(5)) c.Metadata.DeletionTimestamp = Now;
        });
        if (claim is null) Claims.Remove(name);
        else Claims[name] = claim;
        Scheduler.ClaimChanged("default", name, claim, Now);
    }

    private void SetLimit()
    {
        var node = $"n{Pick(4)}";
        int? limit = Chance(30) ? null : 1 + Pick(3);
        if (limit is null) Limits.Remove(node);
        else Limits[node] = limit.Value;
        Scheduler.Nodes.Volumes.SetLimits(node, limit is null ? null : new CSINode { Spec = new() { Drivers = [new() { Name = Driver, Allocatable = new() { Count = limit } }] } });
        Scheduler.VolumesChanged(ClusterChange.NodeDrivers, node, Now);
    }

    private void SetAttachment()
    {
        var name = $"a{Pick(4)}";
        var attachment = Chance(40) ? null : new VolumeAttachment { Spec = new() { NodeName = $"n{Pick(4)}", Source = new() { PersistentVolumeName = $"v{Pick(6)}" } } };
        if (attachment is null) Attachments.Remove(name);
        else Attachments[name] = (attachment.Spec.NodeName, attachment.Spec.Source.PersistentVolumeName!);
        if (Scheduler.Nodes.Volumes.SetAttachment(name, attachment) is { } node) Scheduler.VolumesChanged(ClusterChange.NodeDrivers, node, Now);
    }

    private void Set<T>(Dictionary<string, T> table, string name, T? value, Action<T?> fold, ClusterChange change)
        where T : class
    {
        if (value is null) table.Remove(name);
        else table[name] = value;
        fold(value);
        Scheduler.VolumesChanged(change, "", Now);
    }

    private Quantity Size() => Quantity.Parse($"{1 + Pick(3)}Gi");
}
