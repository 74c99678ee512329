using Orchestrator.Actors.Workloads;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Workloads;

public sealed class PodDeletionOrderTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Each_rule_in_turn_decides_who_goes_first()
    {
        var pods = new[]
        {
            Make("unassigned", p => p.Spec.NodeName = ""),
            Make("pending", p => p.Status.Phase = "Pending"),
            Make("unknown", p => p.Status.Phase = "Unknown"),
            Make("not-ready", p => p.Status.Conditions = null),
            Make("cheap", p => p.Metadata.Annotations = new() { [PodDeletionOrder.CostAnnotation] = "-5" }),
            Make("crowded", p => p.Spec.NodeName = "crowded"),
            Make("ready-lately", p => p.Status.Conditions![0].LastTransitionTime = Now.AddMinutes(-1)),
            Make("restarted", p => p.Status.ContainerStatuses = [new ContainerStatus { RestartCount = 3 }]),
            Make("young", p => p.Metadata.CreationTimestamp = Now.AddMinutes(-50)),
            Make("plain", _ => { }),
            Make("dear", p => p.Metadata.Annotations = new() { [PodDeletionOrder.CostAnnotation] = "7" }),
        };
        var random = new Random(7);
        PodDeletionOrder.Sort(pods.OrderBy(_ => random.Next()), node => node == "crowded" ? 4 : 1, Now).Select(p => p.Metadata.Name).ShouldBe(pods.Select(p => p.Metadata.Name));
    }

    [Fact]
    public void A_few_seconds_between_old_pods_do_not_matter()
    {
        var a = Make("a", p => p.Metadata.CreationTimestamp = Now.AddHours(-20));
        var b = Make("b", p => p.Metadata.CreationTimestamp = Now.AddHours(-20).AddSeconds(5));
        PodDeletionOrder.Sort([b, a], _ => 0, Now).ShouldBe(PodDeletionOrder.Sort([a, b], _ => 0, Now));
        PodDeletionOrder.Sort([b, a], _ => 0, Now)[0].ShouldBe(a, "the uid settles it");
    }

    private static Pod Make(string name, Action<Pod> shape)
    {
        var pod = new Pod
        {
            Metadata = new ObjectMeta { Name = name, UID = name, CreationTimestamp = Now.AddDays(-10) },
            Spec = new PodSpec { NodeName = "node" },
            Status = new PodStatus { Phase = "Running", Conditions = [new PodCondition { Type = "Ready", Status = "True", LastTransitionTime = Now.AddDays(-9) }] },
        };
        shape(pod);
        return pod;
    }
}
