using Orchestrator.Actors.Disruption;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;
using Orchestrator.Resources.Types.Policy.V1;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Disruption;

public sealed class DisruptionPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    // minAvailable, maxUnavailable, ready pods, other pods, replicas their controller wants; expected, desired healthy, allowed
    [InlineData("2", null, 3, 0, 3, 3, 2, 1)]
    [InlineData("3", null, 3, 1, 3, 4, 3, 0)]
    [InlineData("5", null, 3, 0, 3, 3, 5, 0)]
    [InlineData("0", null, 2, 0, 2, 2, 0, 2)]
    [InlineData("50%", null, 5, 0, 5, 5, 3, 2)]
    [InlineData("28%", null, 7, 0, 7, 7, 2, 5)]
    [InlineData("100%", null, 4, 0, 5, 5, 5, 0)]
    [InlineData(null, "1", 5, 0, 5, 5, 4, 1)]
    [InlineData(null, "1", 3, 2, 5, 5, 4, 0)]
    [InlineData(null, "30%", 7, 0, 7, 7, 4, 3)]
    [InlineData(null, "10", 3, 0, 5, 5, 0, 3)]
    [InlineData(null, "0", 5, 0, 5, 5, 5, 0)]
    [InlineData(null, "1", 0, 0, 5, 0, 0, 0)]
    [InlineData(null, null, 3, 0, 3, 0, 0, 0)]
    public void What_may_be_disrupted_is_what_is_healthy_beyond_what_must_be(string? least, string? most, int ready, int others, int replicas, int expected, int desired, int allowed)
    {
        List<Pod> pods = [.. Enumerable.Range(0, ready).Select(i => Of($"r{i}", true)), .. Enumerable.Range(0, others).Select(i => Of($"o{i}", false))];
        var status = DisruptionPlan.Next(Budget(least, most), pods, c => new ControllerScale(c.UID, replicas), Now).Status;
        (status.ExpectedPods, status.DesiredHealthy, status.CurrentHealthy, status.DisruptionsAllowed).ShouldBe((expected, desired, ready, allowed));
        var condition = status.Conditions!.ShouldHaveSingleItem();
        (condition.Type, condition.Status, condition.Reason, condition.ObservedGeneration).ShouldBe(("DisruptionAllowed", allowed > 0 ? "True" : "False", allowed > 0 ? "SufficientPods" : "InsufficientPods", 4));
    }

    [Fact]
    public void Controllers_count_once_and_pods_without_one_are_nothing_to_count_on()
    {
        List<Pod> pods = [Of("a", true, "one"), Of("b", true, "one"), Of("c", true, "two"), Of("alone", true, null)];
        var status = DisruptionPlan.Next(Budget(null, "1"), pods, c => new ControllerScale(c.UID, c.UID == "one" ? 2 : 5), Now).Status;
        (status.ExpectedPods, status.DesiredHealthy, status.CurrentHealthy).ShouldBe((7, 6, 4));
        DisruptionPlan.Next(Budget(null, "1"), pods, _ => new ControllerScale("the same deployment", 3), Now).Status.ExpectedPods.ShouldBe(3);
    }

    [Fact]
    public void Without_a_known_scale_nothing_is_allowed_and_the_condition_says_why()
    {
        var before = Budget(null, "1");
        before.Status = new() { DisruptionsAllowed = 2, ExpectedPods = 3, DesiredHealthy = 2, CurrentHealthy = 3 };
        var decision = DisruptionPlan.Next(before, [Of("a", true)], _ => null, Now);
        (decision.Status.DisruptionsAllowed, decision.Status.ExpectedPods).ShouldBe((0, 3));
        decision.Failure.ShouldBe("found no controllers for pod \"a\"");
        var condition = decision.Status.Conditions!.ShouldHaveSingleItem();
        (condition.Status, condition.Reason, condition.Message).ShouldBe(("False", "SyncFailed", "found no controllers for pod \"a\""));
        DisruptionPlan.Next(before, [Of("a", true)], _ => throw new ScaleUnknownException("jobs.batch does not implement the scale subresource"), Now).Failure
            .ShouldBe("jobs.batch does not implement the scale subresource");
    }

    [Fact]
    public void A_granted_eviction_counts_as_gone_until_the_pod_goes_or_two_minutes_are_over()
    {
        List<Pod> pods = [Of("a", true), Of("b", true), Of("c", true)];
        var budget = Budget("1", null);
        budget.Status = DisruptionPlan.Grant(DisruptionPlan.Next(budget, pods, _ => null, Now).Status, "a", Now);
        budget.Status.DisruptionsAllowed.ShouldBe(1);

        var early = DisruptionPlan.Next(budget, pods, _ => null, Now.AddSeconds(30));
        (early.Status.CurrentHealthy, early.Status.DisruptionsAllowed, early.LookAgainAfter).ShouldBe((2, 1, TimeSpan.FromSeconds(90)));
        early.Status.DisruptedPods!.Keys.ShouldBe(["a"]);

        var late = DisruptionPlan.Next(budget, pods, _ => null, Now.AddMinutes(2));
        (late.Status.CurrentHealthy, late.Status.DisruptedPods, late.LookAgainAfter).ShouldBe((3, null, null));
        late.NotDeleted.Select(p => p.Metadata.Name).ShouldBe(["a"]);

        pods[0].Metadata.DeletionTimestamp = Now;
        var going = DisruptionPlan.Next(budget, pods, _ => null, Now.AddSeconds(30));
        (going.Status.CurrentHealthy, going.Status.DisruptedPods).ShouldBe((2, null));
        DisruptionPlan.Next(budget, pods[1..], _ => null, Now.AddSeconds(30)).Status.DisruptedPods.ShouldBeNull("the pod is gone");
    }

    [Fact]
    public void The_condition_keeps_the_time_of_its_last_change()
    {
        var budget = Budget("1", null);
        budget.Status = DisruptionPlan.Next(budget, [Of("a", true), Of("b", true)], _ => null, Now).Status;
        budget.Status = DisruptionPlan.Next(budget, [Of("a", true), Of("b", true), Of("c", true)], _ => null, Now.AddHours(1)).Status;
        budget.Status.Conditions![0].LastTransitionTime.ShouldBe(Now);
        DisruptionPlan.Next(budget, [Of("a", true)], _ => null, Now.AddHours(2)).Status.Conditions![0].LastTransitionTime.ShouldBe(Now.AddHours(2));
    }

    [Fact]
    public void It_never_allows_more_than_leaves_what_must_be_healthy()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 500; seed++)
        {
            var random = new Random(seed);
            var replicas = random.Next(1, 20);
            var bound = random.Next(2) == 0 ? $"{random.Next(0, 12)}" : $"{random.Next(0, 101)}%";
            var least = random.Next(2) == 0;
            var budget = Budget(least ? bound : null, least ? null : bound);
            List<Pod> pods = [.. Enumerable.Range(0, random.Next(0, 25)).Select(i => Of($"p{i}", random.Next(3) > 0))];
            foreach (var pod in pods.Where(_ => random.Next(5) == 0)) pod.Metadata.DeletionTimestamp = Now;
            budget.Status.DisruptedPods = pods.Where(_ => random.Next(6) == 0).ToDictionary(p => p.Metadata.Name, _ => Now.AddSeconds(-random.Next(0, 240)));
            var allowed = DisruptionPlan.Next(budget, pods, c => new ControllerScale(c.UID, replicas), Now).Status.DisruptionsAllowed;

            var healthy = pods.Count(p => p.Metadata.DeletionTimestamp is null && p.Status.Conditions![0].Status == "True"
                && !(budget.Status.DisruptedPods.TryGetValue(p.Metadata.Name, out var since) && since.AddMinutes(2) > Now));
            var whole = pods.Count == 0 ? 0 : replicas;
            var share = bound.EndsWith('%') ? (int)Math.Ceiling(whole * int.Parse(bound[..^1]) / 100.0) : int.Parse(bound);
            var must = least ? share : whole - share;
            allowed.ShouldBe(pods.Count == 0 ? 0 : Math.Max(0, healthy - Math.Max(0, must)), $"seed {seed}");
        }
    }

    [Theory]
    // ready, policy, healthy, desired healthy, allowed; 0 deleted without a charge, 1 charged, 429 refused
    [InlineData(true, null, 3, 2, 1, 1)]
    [InlineData(true, "AlwaysAllow", 2, 2, 0, 429)]
    [InlineData(false, null, 2, 2, 0, 0)]
    [InlineData(false, "IfHealthyBudget", 2, 2, 0, 0)]
    [InlineData(false, null, 1, 2, 0, 429)]
    [InlineData(false, "IfHealthyBudget", 1, 2, 0, 429)]
    [InlineData(false, "AlwaysAllow", 1, 2, 0, 0)]
    [InlineData(false, null, 0, 0, 0, 429)]
    public void A_pod_that_is_not_ready_goes_as_the_policy_says(bool ready, string? policy, int healthy, int desired, int allowed, int expected)
    {
        var budget = Budget("2", null);
        budget.Spec.UnhealthyPodEvictionPolicy = policy;
        budget.Status = new() { ObservedGeneration = 4, CurrentHealthy = healthy, DesiredHealthy = desired, DisruptionsAllowed = allowed };
        var pod = Of("p", ready);
        pod.Status.Phase = "Running";
        EvictionRules.NeedsNoBudget(pod).ShouldBeFalse();
        (EvictionRules.GoesUncharged(pod, budget) ? 0 : EvictionRules.Refusal(budget)?.Code ?? 1).ShouldBe(expected);
    }

    [Fact]
    public void A_refusal_says_what_the_budget_waits_for()
    {
        var budget = Budget("2", null);
        Cause().ShouldBe("The disruption budget budget is still being processed by the server.");
        budget.Status = new() { ObservedGeneration = 4, CurrentHealthy = 1, DesiredHealthy = 2 };
        Cause().ShouldBe("The disruption budget budget needs 2 healthy pods and has 1 currently");
        budget.Status.Conditions = [new Condition { Type = "DisruptionAllowed", Status = "False", Reason = "SyncFailed", Message = "why" }];
        Cause().ShouldBe("The disruption budget budget does not allow evicting pods currently because it failed sync: why");

        string Cause() => EvictionRules.Refusal(budget)!.Causes.Single().Message;
    }

    private static Pod Of(string name, bool ready, string? controller = "owner") => new()
    {
        Metadata = new() { Name = name, Namespace = "default", OwnerReferences = controller is null ? null : [new OwnerReference { Kind = "ReplicaSet", Name = controller, UID = controller, Controller = true }] },
        Status = new() { Conditions = [new PodCondition { Type = "Ready", Status = ready ? "True" : "False" }] },
    };

    private static PodDisruptionBudget Budget(string? least, string? most) => new()
    {
        Metadata = new() { Name = "budget", Namespace = "default", Generation = 4 },
        Spec = new() { MinAvailable = Bound(least), MaxUnavailable = Bound(most) },
    };

    private static IntOrString? Bound(string? text) => text is null ? default(IntOrString?) : int.TryParse(text, out var number) ? new IntOrString(number) : new IntOrString(text);
}
