namespace Orchestrator.Actors.Volumes;

/// <summary>Annotations and finalizers by which volumes, claims, the scheduler and provisioners speak to each other.</summary>
public static class VolumeAnnotations
{
    /// <summary>On a claim: it has its volume for good.</summary>
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";

    /// <summary>On a claim or a volume: the control loop chose the other side, not a user; it may choose again.</summary>
    public const string BoundByController = "pv.kubernetes.io/bound-by-controller";

    /// <summary>On a volume: the provisioner that made it.</summary>
    public const string ProvisionedBy = "pv.kubernetes.io/provisioned-by";

    /// <summary>On a claim: the node that the scheduler has chosen, for which a provisioner makes the volume.</summary>
    public const string SelectedNode = "volume.kubernetes.io/selected-node";

    /// <summary>On a claim: the provisioner that is to make its volume.</summary>
    public const string Provisioner = "volume.kubernetes.io/storage-provisioner";

    /// <summary>As <see cref="Provisioner"/>, as provisioners of long ago look for it.</summary>
    public const string BetaProvisioner = "volume.beta.kubernetes.io/storage-provisioner";

    /// <summary>On a claim or a volume: its class, from before there was a field for it; it wins over the field.</summary>
    public const string BetaClass = "volume.beta.kubernetes.io/storage-class";

    /// <summary>On a StorageClass: claims that name none get it.</summary>
    public const string DefaultClass = "storageclass.kubernetes.io/is-default-class";

    /// <summary>Keeps a claim while pods use it.</summary>
    public const string ClaimProtection = "kubernetes.io/pvc-protection";

    /// <summary>Keeps a volume while it is bound.</summary>
    public const string VolumeProtection = "kubernetes.io/pv-protection";

    /// <summary>The provisioner of classes whose volumes people make.</summary>
    public const string NoProvisioner = "kubernetes.io/no-provisioner";
}
