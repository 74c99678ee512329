using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.Actors.Workloads;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Volumes;

/// <summary>Claims, volumes and the scheduler together, as actors.</summary>
public sealed class PersistentVolumeTests() : WorkloadTests("worker-1", "worker-2")
{
    [Fact]
    public async Task A_claim_gets_the_smallest_volume_and_both_say_so()
    {
        await Volume("large", "9Gi");
        await Volume("right", "5Gi");
        await _plane.EventuallyAsync(() => Pv("right").Status.Phase == "Available" && Pv("large").Status.Phase == "Available");
        await Claim("data");
        await _plane.EventuallyAsync(() => Pvc("data").Status.Phase == "Bound" && Pv("right").Status.Phase == "Bound");
        var claim = Pvc("data");
        (claim.Spec.VolumeName, claim.Status.Capacity!["storage"].ToString(), claim.Status.AccessModes!.Single()).ShouldBe(("right", "5Gi", "ReadWriteOnce"));
        claim.Metadata.Annotations!.Keys.Order().ShouldBe(["pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"]);
        (Pv("right").Spec.ClaimRef!.Name, Pv("right").Spec.ClaimRef!.UID).ShouldBe(("data", claim.Metadata.UID));
        Pv("right").Metadata.Annotations!.Keys.ShouldBe(["pv.kubernetes.io/bound-by-controller"]);
        Pv("large").Status.Phase.ShouldBe("Available");
    }

    [Fact]
    public async Task Of_many_claims_that_want_one_volume_one_gets_it_and_the_next_when_another_comes()
    {
        string[] names = [.. Enumerable.Range(0, 5).Select(i => $"data-{i}")];
        await Task.WhenAll(names.Select(n => Claim(n)));
        await Volume("first", "5Gi");
        await _plane.EventuallyAsync(() => names.Count(n => Pvc(n).Status.Phase == "Bound") == 1);
        await Volume("second", "5Gi");
        await _plane.EventuallyAsync(() => names.Count(n => Pvc(n).Status.Phase == "Bound") == 2);
        names.Select(n => Pvc(n).Spec.VolumeName).Where(v => v.Length > 0).Order().ShouldBe(["first", "second"]);
    }

    [Fact]
    public async Task A_volume_outlives_its_claim_as_its_policy_says()
    {
        await Volume("kept", "5Gi");
        await Volume("deleted", "5Gi", """ "persistentVolumeReclaimPolicy":"Delete", """, "only");
        await Claim("data");
        await Claim("other", "only");
        await _plane.EventuallyAsync(() => Pvc("data").Status.Phase == "Bound" && Pvc("other").Status.Phase == "Bound");
        await _plane.DeleteAsync(new ResourceKey("persistentvolumeclaims", "default", "data"));
        await _plane.DeleteAsync(new ResourceKey("persistentvolumeclaims", "default", "other"));
        await _plane.EventuallyAsync(() => Pv("kept").Status.Phase == "Released" && Pv("deleted").Status.Phase == "Failed");
        Pv("deleted").Status.Message.ShouldBe("error getting deleter volume plugin for volume \"deleted\": no deletable volume plugin matched");
        await _plane.DeleteAsync(new ResourceKey("persistentvolumes", "", "kept"));
        await _plane.EventuallyAsync(() => _plane.Cache.Get(new ResourceKey("persistentvolumes", "", "kept")) is null);
    }

    [Fact]
    public async Task What_is_used_stays_until_it_is_not()
    {
        await Volume("v", "5Gi");
        await Claim("data");
        await Pod("user", "data");
        await _plane.EventuallyAsync(() => Phase("user") == "Running");
        await _plane.DeleteAsync(new ResourceKey("persistentvolumeclaims", "default", "data"));
        await _plane.DeleteAsync(new ResourceKey("persistentvolumes", "", "v"));
        (Pvc("data").Metadata.DeletionTimestamp, Pv("v").Metadata.DeletionTimestamp).ShouldNotBe((null, null));
        Pvc("data").Status.Phase.ShouldBe("Bound");
        await _plane.DeleteAsync(new ResourceKey("pods", "default", "user"));
        await _plane.EventuallyAsync(() => _plane.Cache.Get(new ResourceKey("persistentvolumeclaims", "default", "data")) is null && _plane.Cache.Get(new ResourceKey("persistentvolumes", "", "v")) is null);
    }

    [Fact]
    public async Task A_pod_takes_a_volume_where_the_volume_is_and_its_claim_waits_for_that()
    {
        await Class("local", "kubernetes.io/no-provisioner");
        await Volume("on-two", "5Gi", """ "nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["worker-2"]}]}]}}, """, "local");
        await Claim("data", "local");
        await _plane.EventuallyAsync(() => Pv("on-two").Status.Phase == "Available");
        Pvc("data").Status.Phase.ShouldBe("Pending");
        await Pod("user", "data");
        await _plane.EventuallyAsync(() => Phase("user") == "Running");
        (Pvc("data").Spec.VolumeName, Pvc("data").Status.Phase).ShouldBe(("on-two", "Bound"));
        _plane.Cache.Get(new ResourceKey("pods", "default", "user"))!.Header.NodeName.ShouldBe("worker-2");
    }

    [Fact]
    public async Task A_provisioner_is_called_for_the_node_that_the_pod_goes_to()
    {
        await Class("made", "example.com/disks");
        await Claim("data", "made");
        await Pod("user", "data");
        await _plane.EventuallyAsync(() => Pvc("data").Metadata.Annotations?.GetValueOrDefault("volume.kubernetes.io/storage-provisioner") == "example.com/disks");
        Pvc("data").Metadata.Annotations!["volume.kubernetes.io/selected-node"].ShouldBeOneOf("worker-1", "worker-2");
        Phase("user").ShouldBe("Pending");
        // What the provisioner does.
        await Volume("made-for-it", "5Gi", $$$""" "claimRef":{"kind":"PersistentVolumeClaim","apiVersion":"v1","namespace":"default","name":"data","uid":"{{{Pvc("data").Metadata.UID}}}"}, """, "made");
        await _plane.EventuallyAsync(() => Phase("user") == "Running" && Pv("made-for-it").Status.Phase == "Bound");
        Pvc("data").Spec.VolumeName.ShouldBe("made-for-it");
    }

    [Fact]
    public async Task The_default_class_is_that_of_claims_which_name_none()
    {
        await Class("standard", "example.com/disks", """ "annotations":{"storageclass.kubernetes.io/is-default-class":"true"}, """);
        (await _plane.CreateAsync("persistentvolumeclaims", """
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"unset"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"5Gi"}}}}
            """)).ShouldBeOfType<ResourceWritten>();
        await Claim("none");
        (Pvc("unset").Spec.StorageClassName, Pvc("none").Spec.StorageClassName).ShouldBe(("standard", ""));
    }

    private async Task Volume(string name, string size, string more = "", string storageClass = "") =>
        (await _plane.CreateAsync("persistentvolumes", $$$$$"""
            {"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"{{{{{name}}}}}"},"spec":{ {{{{{more}}}}} "capacity":{"storage":"{{{{{size}}}}}"},"accessModes":["ReadWriteOnce"],
            "storageClassName":"{{{{{storageClass}}}}}","hostPath":{"path":"/tmp/x"}}}
            """, "")).ShouldBeOfType<ResourceWritten>();

    private async Task Claim(string name, string storageClass = "") =>
        (await _plane.CreateAsync("persistentvolumeclaims", $$$$$"""
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"{{{{{name}}}}}"},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"{{{{{storageClass}}}}}",
            "resources":{"requests":{"storage":"5Gi"}}}}
            """)).ShouldBeOfType<ResourceWritten>();

    private async Task Class(string name, string provisioner, string metadata = "") =>
        (await _plane.CreateAsync("storageclasses.storage.k8s.io", $$$$$"""
            {"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{ {{{{{metadata}}}}} "name":"{{{{{name}}}}}"},"provisioner":"{{{{{provisioner}}}}}","volumeBindingMode":"WaitForFirstConsumer"}
            """, "")).ShouldBeOfType<ResourceWritten>();

    private async Task Pod(string name, string claim) =>
        (await _plane.CreateAsync("pods", $$$$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{{{name}}}}}"},"spec":{"containers":[{"name":"c","image":"app:1"}],
            "volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"{{{{{claim}}}}}"}}]}}
            """)).ShouldBeOfType<ResourceWritten>();

    private PersistentVolume Pv(string name) => _plane.Cache.Get(new ResourceKey("persistentvolumes", "", name))!.Read<PersistentVolume>();

    private PersistentVolumeClaim Pvc(string name) => _plane.Cache.Get(new ResourceKey("persistentvolumeclaims", "default", name))!.Read<PersistentVolumeClaim>();

    private string Phase(string pod) => _plane.Cache.Get(new ResourceKey("pods", "default", pod))!.Header.Phase;
}
