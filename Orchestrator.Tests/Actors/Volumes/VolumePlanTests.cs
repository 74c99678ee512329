using Orchestrator.Actors.Volumes;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Storage.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Volumes.VolumeObjects;

namespace Orchestrator.Tests.Actors.Volumes;

/// <summary>Claims and volumes, decided step by step as kube-controller-manager's persistent volume controller decides.</summary>
public sealed class VolumePlanTests
{
    [Fact]
    public void The_smallest_volume_that_suits_is_reserved_first_and_named_then()
    {
        var claim = Claim("data");
        PersistentVolume[] volumes = [Volume("small", size: "4Gi"), Volume("large", size: "9Gi"), Volume("right", size: "6Gi"), Volume("other", "fast", "5Gi"), Volume("busy", size: "5Gi", and: For("somebody", "u"))];
        Step(claim, volumes).ShouldBeOfType<ClaimStep.Reserve>().Volume.Metadata.Name.ShouldBe("right");
        For("data", "uid-data")(volumes[2]);
        Step(claim, volumes).ShouldBeOfType<ClaimStep.Complete>().Volume.Metadata.Name.ShouldBe("right");
    }

    [Theory]
    // what is different about the volume; whether it suits a claim of 5Gi, ReadWriteOnce, Filesystem, no class
    [InlineData("", true)]
    [InlineData("too small", false)]
    [InlineData("other class", false)]
    [InlineData("class by annotation", false)]
    [InlineData("other access mode", false)]
    [InlineData("more access modes", true)]
    [InlineData("block", false)]
    [InlineData("being deleted", false)]
    [InlineData("released", false)]
    [InlineData("not yet available", false)]
    [InlineData("labels do not match", false)]
    [InlineData("kept for it, other class and modes", true)]
    [InlineData("kept for it, too small", false)]
    [InlineData("kept for an earlier claim of the name", false)]
    public void A_volume_suits_that_is_free_and_has_what_is_asked_for(string what, bool suits)
    {
        var claim = Claim("data");
        var volume = Volume("v", and: v =>
        {
            switch (what)
            {
                case "too small": v.Spec.Capacity!["storage"] = Quantity.Parse("4Gi"); break;
                case "other class": v.Spec.StorageClassName = "fast"; break;
                case "class by annotation": v.Metadata.Annotations = new() { [VolumeAnnotations.BetaClass] = "fast" }; break;
                case "other access mode": v.Spec.AccessModes = ["ReadOnlyMany"]; break;
                case "more access modes": v.Spec.AccessModes = ["ReadOnlyMany", "ReadWriteOnce"]; break;
                case "block": v.Spec.VolumeMode = "Block"; break;
                case "being deleted": v.Metadata.DeletionTimestamp = DateTimeOffset.UnixEpoch; break;
                case "released": v.Status.Phase = "Released"; break;
                case "not yet available": v.Status.Phase = "Pending"; break;
                case "labels do not match": claim.Spec.Selector = new() { MatchLabels = new() { ["a"] = "b" } }; break;
                case "kept for it, other class and modes": For("data")(v); (v.Spec.StorageClassName, v.Spec.AccessModes) = ("fast", ["ReadOnlyMany"]); break;
                case "kept for it, too small": For("data")(v); v.Spec.Capacity!["storage"] = Quantity.Parse("4Gi"); break;
                case "kept for an earlier claim of the name": For("data", "earlier")(v); break;
                default: break;
            }
        });
        VolumeMatch.Suits(volume, claim).ShouldBe(suits);
    }

    [Fact]
    public void A_claim_that_waits_for_its_consumer_takes_only_what_is_kept_for_it_and_says_what_it_waits_for()
    {
        var late = Class("late", mode: "WaitForFirstConsumer");
        var claim = Claim("data", "late");
        Said(Step(claim, [Volume("v", "late")], late)).ShouldBe(("WaitForFirstConsumer", "waiting for first consumer to be created before binding"));
        Said(Step(claim, [], late, "web")).ShouldBe(("WaitForPodScheduled", "waiting for pod web to be scheduled"));
        Said(Step(claim, [], late, "a", "b")).ShouldBe(("WaitForPodScheduled", "waiting for pods a,b to be scheduled"));
        Step(claim, [Volume("v", "late", and: For("data"))], late).ShouldBeOfType<ClaimStep.Reserve>();
        claim.Metadata.Annotations = new() { [VolumeAnnotations.SelectedNode] = "n" };
        Step(claim, [], late).ShouldBeOfType<ClaimStep.Wait>().Provisioner.ShouldBe("example.com/disks");
    }

    [Fact]
    public void Without_a_volume_the_class_calls_its_provisioner()
    {
        var step = Step(Claim("data", "fast"), [], Class("fast")).ShouldBeOfType<ClaimStep.Wait>();
        (step.Phase, step.Provisioner, step.Event!.Value.Reason).ShouldBe(("Pending", "example.com/disks", "ExternalProvisioning"));
        Said(Step(Claim("data", "gone"), [])).ShouldBe(("ProvisioningFailed", "storageclass.storage.k8s.io \"gone\" not found"));
        Said(Step(Claim("data", "manual"), [], Class("manual", VolumeAnnotations.NoProvisioner))).ShouldBe(("ProvisioningFailed", "no volume plugin matched name: kubernetes.io/no-provisioner"));
        Said(Step(Claim("data"), [])).ShouldBe(("FailedBinding", "no persistent volumes available for this claim and no storage class is set"));
    }

    [Fact]
    public void A_claim_that_names_its_volume_gets_it_or_nothing()
    {
        var claim = Claim("data", and: c => c.Spec.VolumeName = "v");
        Step(claim, []).ShouldBe(new ClaimStep.Wait("Pending"));
        Step(claim, [Volume("v")]).ShouldBeOfType<ClaimStep.Reserve>();
        Step(claim, [Volume("v", and: For("data"))]).ShouldBeOfType<ClaimStep.Reserve>();
        Said(Step(claim, [Volume("v", size: "1Gi")])).ShouldBe(("VolumeMismatch", "Cannot bind to requested volume \"v\": requested PV is too small"));
        Said(Step(claim, [Volume("v", "fast")])).ShouldBe(("VolumeMismatch", "Cannot bind to requested volume \"v\": storageClassName does not match"));
        Said(Step(claim, [Volume("v", and: For("other"))])).ShouldBe(("FailedBinding", "volume \"v\" already bound to a different claim."));
    }

    [Fact]
    public void A_bound_claim_whose_volume_is_gone_or_anothers_is_lost()
    {
        var claim = Claim("data", and: BoundTo("v"));
        Step(claim, [Volume("v", and: For("data", "uid-data"))]).ShouldBeOfType<ClaimStep.Complete>();
        Step(claim, [Volume("v")]).ShouldBeOfType<ClaimStep.Reserve>("the volume's side was lost: it is written again");
        Lost([]).ShouldBe(("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"));
        Lost([Volume("v", and: For("other", "u"))]).ShouldBe(("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly"));

        (string, string) Lost(PersistentVolume[] volumes)
        {
            var step = Step(claim, volumes).ShouldBeOfType<ClaimStep.Wait>();
            step.Phase.ShouldBe("Lost");
            return Said(step);
        }
    }

    [Theory]
    // claimRef's uid, the claim there is (uid, volumeName), reclaim policy, provisioned, phase before; phase after, forgets its claim, event
    [InlineData(null, null, null, "Retain", false, "Pending", "Available", false, null)]
    [InlineData("", "u", "", "Retain", false, "Pending", "Available", false, null)]
    [InlineData("u", "u", "", "Retain", false, "Available", "Available", false, null)]
    [InlineData("u", "u", "v", "Retain", false, "Available", "Bound", false, null)]
    [InlineData("u", null, null, "Retain", false, "Bound", "Released", false, null)]
    [InlineData("u", "later", "v", "Retain", false, "Bound", "Released", false, null)]
    [InlineData("u", null, null, "Delete", true, "Bound", "Released", false, "VolumeDelete")]
    [InlineData("u", null, null, "Delete", false, "Bound", "Failed", false, "VolumeFailedDelete")]
    [InlineData("u", null, null, "Recycle", false, "Bound", "Failed", false, "VolumeFailedRecycle")]
    [InlineData("u", null, null, "Delete", true, "Failed", "Failed", false, "VolumeDelete")]
    [InlineData("u", "u", "elsewhere", "Retain", false, "Available", "Available", true, null)]
    [InlineData("u", "u", "elsewhere", "Delete", true, "Available", "Released", false, "VolumeDelete")]
    public void A_volume_follows_its_claim(string? owner, string? uid, string? names, string policy, bool provisioned, string before, string after, bool unbind, string? reason)
    {
        var volume = Volume("v", and: v =>
        {
            if (owner is not null) For("data", owner)(v);
            v.Spec.PersistentVolumeReclaimPolicy = policy;
            v.Status.Phase = before;
            if (provisioned) v.Metadata.Annotations = new() { [VolumeAnnotations.ProvisionedBy] = "example.com/disks" };
        });
        var claim = uid is null ? null : Claim("data", and: c => (c.Metadata.UID, c.Spec.VolumeName) = (uid, names!));
        var step = VolumePlan.Next(volume, claim);
        (step.Phase, step.Unbind, step.Event?.Reason).ShouldBe((after, unbind, reason));
    }

    [Fact]
    public void Step_by_step_in_any_order_every_claim_gets_a_volume_of_its_own_that_suits_it()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 300; seed++)
        {
            var random = new Random(seed);
            string Pick(params string[] among) => among[random.Next(among.Length)];
            var volumes = Enumerable.Range(0, random.Next(1, 7)).Select(i => Volume($"v{i}", Pick("", "fast"), Pick("1Gi", "2Gi", "3Gi"), random.Next(5) == 0 ? For($"c{random.Next(6)}") : null)).ToList();
            var claims = Enumerable.Range(0, random.Next(1, 7)).Select(i => Claim($"c{i}", Pick("", "fast"), Pick("1Gi", "2Gi", "3Gi"), c => c.Spec.VolumeName = random.Next(6) == 0 ? $"v{random.Next(7)}" : "")).ToList();
            // Who names a volume that is kept for him gets it, whatever its size: somebody has said so twice.
            var named = claims.Where(c => c.Spec.VolumeName.Length > 0).Select(c => c.Metadata.Name).ToHashSet();
            for (var step = 0; step < 200; step++)
            {
                if (random.Next(2) == 0) Carry(claims[random.Next(claims.Count)], volumes);
                else Carry(volumes[random.Next(volumes.Count)], claims);
            }
            foreach (var claim in claims) Carry(claim, volumes);
            foreach (var volume in volumes) Carry(volume, claims);

            var bound = claims.Where(c => c.Status.Phase == "Bound").ToList();
            bound.Select(c => c.Spec.VolumeName).ShouldBeUnique($"seed {seed}");
            foreach (var claim in bound)
            {
                var volume = volumes.Single(v => v.Metadata.Name == claim.Spec.VolumeName);
                (volume.Spec.ClaimRef!.UID, volume.Status.Phase).ShouldBe((claim.Metadata.UID, "Bound"), $"seed {seed}");
                if (!named.Contains(claim.Metadata.Name)) VolumeMatch.CapacityOf(volume).ShouldBeGreaterThanOrEqualTo(VolumeMatch.RequestOf(claim), $"seed {seed}");
            }
            foreach (var claim in claims.Where(c => c.Status.Phase != "Bound" && c.Spec.VolumeName.Length == 0))
                volumes.ShouldAllBe(v => !VolumeMatch.Suits(v, claim), $"seed {seed}: {claim.Metadata.Name} could have one");
        }
    }

    private static void Carry(PersistentVolumeClaim claim, List<PersistentVolume> volumes)
    {
        switch (Step(claim, volumes))
        {
            case ClaimStep.Reserve reserve:
                For(claim.Metadata.Name, claim.Metadata.UID)(reserve.Volume);
                break;
            case ClaimStep.Complete complete:
                BoundTo(complete.Volume.Metadata.Name)(claim);
                break;
            case ClaimStep.Wait wait:
                claim.Status.Phase = wait.Phase;
                break;
        }
    }

    private static void Carry(PersistentVolume volume, List<PersistentVolumeClaim> claims)
    {
        var step = VolumePlan.Next(volume, volume.Spec.ClaimRef is { } owner ? claims.Find(c => c.Metadata.Name == owner.Name) : null);
        volume.Status.Phase = step.Phase;
        if (step.Unbind) volume.Spec.ClaimRef = null;
    }

    private static ClaimStep Step(PersistentVolumeClaim claim, IReadOnlyList<PersistentVolume> volumes, StorageClass? storageClass = null, params string[] waiting) =>
        ClaimPlan.Next(claim, name => volumes.FirstOrDefault(v => v.Metadata.Name == name), volumes, storageClass, () => waiting);

    private static (string, string) Said(ClaimStep step) => step.ShouldBeOfType<ClaimStep.Wait>().Event is { } said ? (said.Reason, said.Message) : ("", "");
}
