using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>PrioritySort and SchedulingGates against sorting a list.</summary>
public sealed class QueueOrderTests
{
    private static readonly ResourceColumns Columns = new();

    [Fact]
    public void Pods_come_by_priority_then_age_and_none_before_its_gates_are_gone()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 200; seed++)
        {
            var random = new Random(seed);
            var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
            var queue = new SchedulingQueue(new PrioritySort(), [new SchedulingGates()]);
            // Every pod that waits, as it came: what the queue should be.
            var waiting = new List<(Pod Pod, DateTimeOffset Since)>();
            var next = 0;
            for (var step = 0; step < 60; step++)
            {
                if (random.Next(2) == 0) now += TimeSpan.FromSeconds(1);
                switch (random.Next(5))
                {
                    case 0 or 1:
                        var pod = Pod($"p{next++}", and: p =>
                        {
                            p.Spec.Priority = random.Next(4) * 10;
                            if (random.Next(3) == 0) p.Spec.SchedulingGates = [new PodSchedulingGate { Name = "example.com/a" }, new PodSchedulingGate { Name = "example.com/b" }];
                        });
                        waiting.Add((pod, now));
                        queue.Set(PodInfo.Of(pod, Columns), now);
                        break;
                    case 2 when waiting.Count > 0:
                        var (opened, _) = waiting[random.Next(waiting.Count)];
                        if (opened.Spec.SchedulingGates is { Count: > 0 } gates) gates.RemoveAt(0);
                        queue.Set(PodInfo.Of(opened, Columns), now);
                        break;
                    case 3 when waiting.Count > 0:
                        var gone = random.Next(waiting.Count);
                        queue.Remove(PodInfo.Of(waiting[gone].Pod, Columns).Key);
                        waiting.RemoveAt(gone);
                        break;
                    default:
                        var due = waiting.Where(w => w.Pod.Spec.SchedulingGates is null or { Count: 0 }).OrderByDescending(w => w.Pod.Spec.Priority).ThenBy(w => w.Since).ToList();
                        var taken = queue.Take(now);
                        (taken?.Key.Name).ShouldBe(due.FirstOrDefault().Pod?.Metadata.Name, $"seed {seed}, step {step}");
                        if (taken is null) break;
                        queue.Remove(taken.Key);
                        waiting.RemoveAll(w => w.Pod.Metadata.Name == taken.Key.Name);
                        break;
                }
            }
        }
    }
}
