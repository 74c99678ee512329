namespace Orchestrator.Resources.Kinds;

/// <summary>
/// The kinds every cluster serves, at their stable versions, with the names, categories, verbs and subresources that a v1.32 API server
/// lists in discovery. One line per kind; what a kind does is in its strategy.
/// </summary>
internal static class BuiltInKinds
{
    private static readonly KindStrategy Plain = new PlainStrategy();

    public static IReadOnlyList<ResourceKind> All { get; } =
    [
        .. Core(), .. Apps(), .. Autoscaling(), .. Batch(), .. Certificates(), .. Coordination(), .. Discovery(), .. Networking(),
        .. Policy(), .. Rbac(), .. Scheduling(), .. Storage(), .. Node(), .. Admission(), .. FlowControl(),
    ];

    private static IEnumerable<ResourceKind> Core() =>
    [
        Namespaced("", "v1", "core.v1", "ConfigMap", "configmaps", Plain) with { ShortNames = ["cm"] },
        Namespaced("", "v1", "core.v1", "Endpoints", "endpoints", Plain) with { ShortNames = ["ep"] },
        Namespaced("", "v1", "core.v1", "Event", "events", Plain) with { ShortNames = ["ev"] },
        Namespaced("", "v1", "core.v1", "LimitRange", "limitranges", Plain) with { ShortNames = ["limits"] },
        Cluster("", "v1", "core.v1", "Namespace", "namespaces", Plain) with
        {
            ShortNames = ["ns"], Subresources = ["finalize", "status"], Verbs = ["create", "delete", "get", "list", "patch", "update", "watch"],
        },
        Cluster("", "v1", "core.v1", "Node", "nodes", Plain) with { ShortNames = ["no"], Subresources = ["proxy", "status"] },
        Namespaced("", "v1", "core.v1", "PersistentVolumeClaim", "persistentvolumeclaims", Plain) with { ShortNames = ["pvc"], Subresources = ["status"] },
        Cluster("", "v1", "core.v1", "PersistentVolume", "persistentvolumes", Plain) with { ShortNames = ["pv"], Subresources = ["status"] },
        Namespaced("", "v1", "core.v1", "Pod", "pods", Plain) with
        {
            ShortNames = ["po"], Categories = ["all"], HasGeneration = false,
            Subresources = ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "status"],
        },
        Namespaced("", "v1", "core.v1", "PodTemplate", "podtemplates", Plain),
        Namespaced("", "v1", "core.v1", "ReplicationController", "replicationcontrollers", Plain) with
        {
            ShortNames = ["rc"], Categories = ["all"], Subresources = ["scale", "status"], HasGeneration = true,
        },
        Namespaced("", "v1", "core.v1", "ResourceQuota", "resourcequotas", Plain) with { ShortNames = ["quota"], Subresources = ["status"] },
        Namespaced("", "v1", "core.v1", "Secret", "secrets", Plain),
        Namespaced("", "v1", "core.v1", "ServiceAccount", "serviceaccounts", Plain) with { ShortNames = ["sa"], Subresources = ["token"] },
        Namespaced("", "v1", "core.v1", "Service", "services", Plain) with
        {
            ShortNames = ["svc"], Categories = ["all"], Subresources = ["proxy", "status"],
        },
    ];

    private static IEnumerable<ResourceKind> Apps() =>
    [
        Namespaced("apps", "v1", "apps.v1", "ControllerRevision", "controllerrevisions", Plain),
        Namespaced("apps", "v1", "apps.v1", "DaemonSet", "daemonsets", Plain) with
        {
            ShortNames = ["ds"], Categories = ["all"], Subresources = ["status"], HasGeneration = true,
        },
        Namespaced("apps", "v1", "apps.v1", "Deployment", "deployments", Plain) with
        {
            ShortNames = ["deploy"], Categories = ["all"], Subresources = ["scale", "status"], HasGeneration = true,
        },
        Namespaced("apps", "v1", "apps.v1", "ReplicaSet", "replicasets", Plain) with
        {
            ShortNames = ["rs"], Categories = ["all"], Subresources = ["scale", "status"], HasGeneration = true,
        },
        Namespaced("apps", "v1", "apps.v1", "StatefulSet", "statefulsets", Plain) with
        {
            ShortNames = ["sts"], Categories = ["all"], Subresources = ["scale", "status"], HasGeneration = true,
        },
    ];

    private static IEnumerable<ResourceKind> Autoscaling() =>
    [
        Namespaced("autoscaling", "v2", "autoscaling.v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", Plain) with
        {
            ShortNames = ["hpa"], Categories = ["all"], Subresources = ["status"],
        },
    ];

    private static IEnumerable<ResourceKind> Batch() =>
    [
        Namespaced("batch", "v1", "batch.v1", "CronJob", "cronjobs", Plain) with
        {
            ShortNames = ["cj"], Categories = ["all"], Subresources = ["status"], HasGeneration = true,
        },
        Namespaced("batch", "v1", "batch.v1", "Job", "jobs", Plain) with { Categories = ["all"], Subresources = ["status"], HasGeneration = true },
    ];

    private static IEnumerable<ResourceKind> Certificates() =>
    [
        Cluster("certificates.k8s.io", "v1", "certificates.v1", "CertificateSigningRequest", "certificatesigningrequests", Plain) with
        {
            ShortNames = ["csr"], Subresources = ["approval", "status"],
        },
    ];

    private static IEnumerable<ResourceKind> Coordination() =>
        [Namespaced("coordination.k8s.io", "v1", "coordination.v1", "Lease", "leases", Plain)];

    private static IEnumerable<ResourceKind> Discovery() =>
        [Namespaced("discovery.k8s.io", "v1", "discovery.v1", "EndpointSlice", "endpointslices", Plain) with { HasGeneration = true }];

    private static IEnumerable<ResourceKind> Networking() =>
    [
        Cluster("networking.k8s.io", "v1", "networking.v1", "IngressClass", "ingressclasses", Plain) with { HasGeneration = true },
        Namespaced("networking.k8s.io", "v1", "networking.v1", "Ingress", "ingresses", Plain) with
        {
            ShortNames = ["ing"], Subresources = ["status"], HasGeneration = true,
        },
        Namespaced("networking.k8s.io", "v1", "networking.v1", "NetworkPolicy", "networkpolicies", Plain) with { ShortNames = ["netpol"], HasGeneration = true },
    ];

    private static IEnumerable<ResourceKind> Policy() =>
    [
        Namespaced("policy", "v1", "policy.v1", "PodDisruptionBudget", "poddisruptionbudgets", Plain) with
        {
            ShortNames = ["pdb"], Subresources = ["status"], HasGeneration = true,
        },
    ];

    private static IEnumerable<ResourceKind> Rbac() =>
    [
        Cluster("rbac.authorization.k8s.io", "v1", "rbac.v1", "ClusterRoleBinding", "clusterrolebindings", Plain),
        Cluster("rbac.authorization.k8s.io", "v1", "rbac.v1", "ClusterRole", "clusterroles", Plain),
        Namespaced("rbac.authorization.k8s.io", "v1", "rbac.v1", "RoleBinding", "rolebindings", Plain),
        Namespaced("rbac.authorization.k8s.io", "v1", "rbac.v1", "Role", "roles", Plain),
    ];

    private static IEnumerable<ResourceKind> Scheduling() =>
    [
        Cluster("scheduling.k8s.io", "v1", "scheduling.v1", "PriorityClass", "priorityclasses", Plain) with { ShortNames = ["pc"], HasGeneration = true },
    ];

    private static IEnumerable<ResourceKind> Storage() =>
    [
        Cluster("storage.k8s.io", "v1", "storage.v1", "CSIDriver", "csidrivers", Plain) with { HasGeneration = true },
        Cluster("storage.k8s.io", "v1", "storage.v1", "CSINode", "csinodes", Plain),
        Namespaced("storage.k8s.io", "v1", "storage.v1", "CSIStorageCapacity", "csistoragecapacities", Plain),
        Cluster("storage.k8s.io", "v1", "storage.v1", "StorageClass", "storageclasses", Plain) with { ShortNames = ["sc"] },
        Cluster("storage.k8s.io", "v1", "storage.v1", "VolumeAttachment", "volumeattachments", Plain) with { Subresources = ["status"] },
    ];

    private static IEnumerable<ResourceKind> Node() =>
        [Cluster("node.k8s.io", "v1", "node.v1", "RuntimeClass", "runtimeclasses", Plain)];

    private static IEnumerable<ResourceKind> Admission() =>
    [
        Extension("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
        Extension("ValidatingAdmissionPolicy", "validatingadmissionpolicies") with { Subresources = ["status"] },
        Extension("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
        Extension("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    ];

    private static IEnumerable<ResourceKind> FlowControl() =>
    [
        Cluster("flowcontrol.apiserver.k8s.io", "v1", "flowcontrol.v1", "FlowSchema", "flowschemas", Plain) with
        {
            Subresources = ["status"], HasGeneration = true,
        },
        Cluster("flowcontrol.apiserver.k8s.io", "v1", "flowcontrol.v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", Plain) with
        {
            Subresources = ["status"], HasGeneration = true,
        },
    ];

    private static ResourceKind Extension(string kind, string plural) =>
        Cluster("admissionregistration.k8s.io", "v1", "admissionregistration.v1", kind, plural, Plain) with { Categories = ["api-extensions"], HasGeneration = true };

    private static ResourceKind Namespaced(string group, string version, string package, string kind, string plural, KindStrategy strategy) => new()
    {
        Group = group, Version = version, Kind = kind, Plural = plural, Singular = kind.ToLowerInvariant(), Namespaced = true,
        SchemaName = $"io.k8s.api.{package}.{kind}", Strategy = strategy,
    };

    private static ResourceKind Cluster(string group, string version, string package, string kind, string plural, KindStrategy strategy) =>
        Namespaced(group, version, package, kind, plural, strategy) with { Namespaced = false };
}
