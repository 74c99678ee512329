namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>Labels and annotations of Endpoints and EndpointSlices.</summary>
internal static class EndpointLabels
{
    /// <summary>Of a slice: the Service it belongs to.</summary>
    public const string ServiceName = "kubernetes.io/service-name";

    /// <summary>Of a slice: whose it is.</summary>
    public const string ManagedBy = "endpointslice.kubernetes.io/managed-by";

    /// <summary>Value of <see cref="ManagedBy"/> for slices made of pods.</summary>
    public const string OfPods = "endpointslice-controller.k8s.io";

    /// <summary>Value of <see cref="ManagedBy"/> for slices made of an Endpoints object that somebody wrote.</summary>
    public const string Mirrored = "endpointslicemirroring-controller.k8s.io";

    /// <summary>Of both: the Service has no address of its own.</summary>
    public const string Headless = "service.kubernetes.io/headless";

    /// <summary>Of an Endpoints object: it is not to be mirrored.</summary>
    public const string SkipMirror = "endpointslice.kubernetes.io/skip-mirror";

    /// <summary>Annotation: when the first of the changes came that this version shows.</summary>
    public const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <summary>Annotation of an Endpoints object that lacks addresses.</summary>
    public const string OverCapacity = "endpoints.kubernetes.io/over-capacity";

    /// <summary>Annotation of an Endpoints object that is somebody's lock and no Service's.</summary>
    public const string Leader = "control-plane.alpha.kubernetes.io/leader";

    /// <summary>Annotation that is about the object it stands on.</summary>
    public const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";
}
