using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Defaults;

/// <summary>Defaults of volume sources, in pods and in PersistentVolumes: source type → field → value, and the few that depend on more.</summary>
internal static class VolumeDefaults
{
    private const int OwnerReadWriteAllRead = 420; // 0644

    /// <summary>Pointer fields by volume type: set where absent.</summary>
    private static readonly Dictionary<string, (string Field, Func<JsonNode> Value)[]> Pointers = new()
    {
        ["secret"] = [("defaultMode", () => OwnerReadWriteAllRead)],
        ["configMap"] = [("defaultMode", () => OwnerReadWriteAllRead)],
        ["downwardAPI"] = [("defaultMode", () => OwnerReadWriteAllRead)],
        ["projected"] = [("defaultMode", () => OwnerReadWriteAllRead)],
        ["hostPath"] = [("type", () => "")],
        ["azureDisk"] = [("cachingMode", () => "ReadWrite"), ("kind", () => "Shared"), ("fsType", () => "ext4"), ("readOnly", () => false)],
    };

    /// <summary>Plain fields by volume type: set where zero.</summary>
    private static readonly Dictionary<string, (string Field, string Value)[]> Plain = new()
    {
        ["iscsi"] = [("iscsiInterface", "default")],
        ["rbd"] = [("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")],
        ["scaleIO"] = [("storageMode", "ThinProvisioned"), ("fsType", "xfs")],
    };

    /// <summary>One entry of a pod's volumes. A volume that names no source is an emptyDir.</summary>
    public static void Volume(JsonObject volume)
    {
        if (!volume.Any(p => p.Key != "name" && p.Value is not null)) volume["emptyDir"] = new JsonObject();
        Source(volume);
        if (volume.ObjectAt("downwardAPI") is { } downward)
            foreach (var file in downward.ObjectsAt("items")) PodDefaults.FieldReference(file);
        if (volume.ObjectAt("projected") is { } projected)
            foreach (var source in projected.ObjectsAt("sources")) Projection(source);
        if (volume.ObjectAt("ephemeral")?.ObjectAt("volumeClaimTemplate")?.ObjectAt("spec") is { } claim) Claim(claim);
        if (volume.ObjectAt("image") is { } image) image.ZeroTo("pullPolicy", ImageTag.IsLatest(image.TextAt("reference")) ? "Always" : "IfNotPresent");
    }

    /// <summary>The sources a pod's volume and a PersistentVolume's spec have in common.</summary>
    public static void Source(JsonObject holder)
    {
        foreach (var (type, fields) in Pointers)
            if (holder.ObjectAt(type) is { } source)
                foreach (var (field, value) in fields) source.DefaultTo(field, value());
        foreach (var (type, fields) in Plain)
            if (holder.ObjectAt(type) is { } source)
                foreach (var (field, value) in fields) source.ZeroTo(field, value);
    }

    /// <summary>Spec of a PersistentVolumeClaim, or of a template of one.</summary>
    public static void Claim(JsonObject spec) => spec.DefaultTo("volumeMode", "Filesystem");

    private static void Projection(JsonObject source)
    {
        source.ObjectAt("serviceAccountToken")?.DefaultTo("expirationSeconds", 3600);
        if (source.ObjectAt("downwardAPI") is { } downward)
            foreach (var file in downward.ObjectsAt("items")) PodDefaults.FieldReference(file);
    }
}
