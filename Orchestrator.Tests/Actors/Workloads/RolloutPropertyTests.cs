using Orchestrator.Actors.Workloads;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Workloads;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Workloads;

public sealed class RolloutPropertyTests
{
    private const int Runs = 25;
    private const int MaxSteps = 6000;

    [Fact]
    public void A_rolling_update_never_leaves_its_promised_bounds_and_finishes()
    {
        ForManySeeds((random, seed) =>
        {
            var deployment = RandomDeployment(random);
            var simulator = Settle(seed, deployment);
            simulator.Change(d => d.Spec.Template = WorkloadObjects.Template("app:2"));
            var limits = RolloutLimits.Of(deployment.Spec);
            for (var step = 0; !simulator.Settled; step++)
            {
                step.ShouldBeLessThan(MaxSteps, "the rollout does not finish");
                simulator.Step();
                simulator.AvailablePods.ShouldBeGreaterThanOrEqualTo(limits.MinAvailable);
                simulator.ActivePods.ShouldBeLessThanOrEqualTo(limits.MaxPods);
            }
            simulator.Pods.Where(PodStatusFacts.IsActive).ShouldAllBe(p => p.Spec.Containers![0].Image == "app:2");
        });
    }

    [Fact]
    public void A_broken_image_never_takes_more_than_maxUnavailable_and_a_rollback_recovers()
    {
        ForManySeeds((random, seed) =>
        {
            var deployment = RandomDeployment(random);
            var simulator = Settle(seed, deployment);
            simulator.ImageWorks = image => image != "broken";
            var good = deployment.Spec.Template;
            simulator.Change(d => d.Spec.Template = WorkloadObjects.Template("broken"));
            var limits = RolloutLimits.Of(deployment.Spec);
            for (var step = 0; step < 600; step++)
            {
                simulator.Step();
                simulator.AvailablePods.ShouldBeGreaterThanOrEqualTo(limits.MinAvailable);
            }
            simulator.Settled.ShouldBeFalse();
            simulator.Change(d => d.Spec.Template = TypedJson.Clone(good));
            for (var step = 0; !simulator.Settled; step++)
            {
                step.ShouldBeLessThan(MaxSteps, "the rollback does not finish");
                simulator.Step();
                simulator.AvailablePods.ShouldBeGreaterThanOrEqualTo(limits.MinAvailable);
            }
            deployment.Metadata.Annotations![RolloutAnnotations.Revision].ShouldBe("3");
        });
    }

    [Fact]
    public void Changes_of_template_and_size_in_the_middle_of_anything_still_converge()
    {
        ForManySeeds((random, seed) =>
        {
            var simulator = Settle(seed, RandomDeployment(random));
            for (var change = 0; change < 5; change++)
            {
                var image = $"app:{random.Next(4)}";
                var replicas = random.Next(0, 9);
                simulator.Change(d =>
                {
                    if (random.Next(2) == 0) d.Spec.Template = WorkloadObjects.Template(image);
                    else d.Spec.Replicas = replicas;
                });
                for (var step = random.Next(40); step > 0; step--) simulator.Step();
            }
            var deployment = simulator.Deployment;
            for (var step = 0; !simulator.Settled || simulator.ActivePods != deployment.Spec.Replicas; step++)
            {
                step.ShouldBeLessThan(MaxSteps, "does not converge");
                simulator.Step();
            }
            simulator.Pods.Where(PodStatusFacts.IsActive).ShouldAllBe(p => p.Spec.Containers![0].Image == deployment.Spec.Template.Spec.Containers![0].Image);
        });
    }

    [Fact]
    public void Recreate_never_runs_two_versions_at_once()
    {
        ForManySeeds((random, seed) =>
        {
            var simulator = Settle(seed, WorkloadObjects.Deployment(random.Next(1, 6), type: "Recreate"));
            simulator.Change(d => d.Spec.Template = WorkloadObjects.Template("app:2"));
            for (var step = 0; !simulator.Settled; step++)
            {
                step.ShouldBeLessThan(MaxSteps, "the rollout does not finish");
                simulator.Step();
                simulator.Pods.Select(p => p.Spec.Containers![0].Image).Distinct().Count().ShouldBeLessThanOrEqualTo(1);
            }
        });
    }

    private static Orchestrator.Resources.Types.Apps.V1.Deployment RandomDeployment(Random random)
    {
        var deployment = WorkloadObjects.Deployment(random.Next(1, 9), Amount(random), Amount(random));
        deployment.Spec.MinReadySeconds = random.Next(3) == 0 ? random.Next(1, 10) : 0;
        return deployment;
    }

    private static IntOrString Amount(Random random) => random.Next(2) == 0 ? random.Next(0, 4) : $"{random.Next(0, 101)}%";

    private static RolloutSimulator Settle(int seed, Orchestrator.Resources.Types.Apps.V1.Deployment deployment)
    {
        var simulator = new RolloutSimulator(seed, deployment);
        for (var step = 0; !simulator.Settled; step++)
        {
            step.ShouldBeLessThan(MaxSteps, "the first rollout does not finish");
            simulator.Step();
        }
        return simulator;
    }

    private static void ForManySeeds(Action<Random, int> property)
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed != first + Runs; seed++)
        {
            try
            {
                property(new Random(seed), seed);
            }
            catch (ShouldAssertException e)
            {
                throw new ShouldAssertException($"seed {seed}: {e.Message}", e);
            }
        }
    }
}
