using System.Text.Json.Nodes;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Defaults;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Kinds.Core;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds;

/// <summary>
/// The kinds every cluster serves, at their stable versions, with the names, categories, verbs and subresources that a v1.32 API server
/// lists in discovery. One line per kind; what a kind does is in its strategy.
/// </summary>
internal static class BuiltInKinds
{
    private static readonly KindStrategy Bindings = new RuledStrategy
    {
        Defaults = ClusterDefaults.RoleBinding,
        Rules = ClusterValidation.RoleBinding,
        Change = ClusterValidation.RoleBindingChange,
        Table = ClusterTables.RoleBinding,
    };

    private static readonly KindStrategy Events = new EventStrategy();
    private static readonly EventConversion NewEvents = new();
    private static readonly AutoscalerConversion FirstAutoscalers = new();

    private static readonly KindStrategy Autoscalers = new RuledStrategy
    {
        Defaults = ClusterDefaults.HorizontalPodAutoscaler,
        Rules = WorkloadValidation.Autoscaler,
        Table = ClusterTables.HorizontalPodAutoscaler,
    };

    private static readonly KindStrategy Roles = new RuledStrategy { Rules = ClusterValidation.Role, Table = ClusterTables.Created };
    private static readonly KindStrategy Webhooks = new RuledStrategy { Defaults = ClusterDefaults.Webhooks, Rules = WebhookValidation.Validate, Table = ClusterTables.Webhooks };

    public static IReadOnlyList<ResourceKind> All { get; } =
    [
        .. Core(), .. Apps(), .. Autoscaling(), .. Batch(), .. Certificates(), .. Coordination(), .. Discovery(), .. EventsGroup(), .. Networking(),
        .. Policy(), .. Rbac(), .. Scheduling(), .. Storage(), .. Node(), .. Admission(), .. FlowControl(), .. Extensions(),
    ];

    private static IEnumerable<ResourceKind> Core() =>
    [
        Namespaced("", "v1", "core.v1", "ConfigMap", "configmaps", new RuledStrategy { Rules = ConfigValidation.ConfigMap, Change = ConfigValidation.ConfigMapChange, Table = CoreTables.ConfigMap }) with { ShortNames = ["cm"] },
        Namespaced("", "v1", "core.v1", "Endpoints", "endpoints", new RuledStrategy { Defaults = ClusterDefaults.Endpoints, Rules = EndpointValidation.Endpoints, Table = CoreTables.Endpoints }) with { ShortNames = ["ep"] },
        Namespaced("", "v1", "core.v1", "Event", "events", Events) with { ShortNames = ["ev"], NameRule = NameRules.PathSegment },
        Namespaced("", "v1", "core.v1", "LimitRange", "limitranges", new RuledStrategy { Defaults = ClusterDefaults.LimitRange, Rules = ClusterValidation.LimitRange, Table = ClusterTables.Created }) with { ShortNames = ["limits"] },
        Cluster("", "v1", "core.v1", "Namespace", "namespaces", new NamespaceStrategy()) with
        {
            ShortNames = ["ns"], Subresources = ["finalize", "status"], Verbs = ["create", "delete", "get", "list", "patch", "update", "watch"], NameRule = NameRules.DnsLabel,
        },
        Cluster("", "v1", "core.v1", "Node", "nodes", new NodeStrategy()) with { ShortNames = ["no"], Subresources = ["proxy", "status"] },
        Namespaced("", "v1", "core.v1", "PersistentVolumeClaim", "persistentvolumeclaims", new RuledStrategy
        {
            Defaults = ClusterDefaults.PersistentVolumeClaim, Rules = ClusterValidation.Claim, Change = ClusterValidation.ClaimChange,
            InitialStatus = PendingPhase, Table = ClusterTables.PersistentVolumeClaim,
        }) with { ShortNames = ["pvc"], Subresources = ["status"] },
        Cluster("", "v1", "core.v1", "PersistentVolume", "persistentvolumes", new RuledStrategy
        {
            Defaults = ClusterDefaults.PersistentVolume, Rules = ClusterValidation.Volume, InitialStatus = PendingPhase, Table = ClusterTables.PersistentVolume,
        }) with { ShortNames = ["pv"], Subresources = ["status"] },
        Namespaced("", "v1", "core.v1", "Pod", "pods", new PodStrategy()) with
        {
            ShortNames = ["po"], Categories = ["all"],
            Subresources = ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize", "status"],
        },
        Namespaced("", "v1", "core.v1", "PodTemplate", "podtemplates", new RuledStrategy { Defaults = WorkloadDefaults.PodTemplate, Rules = WorkloadValidation.PodTemplate, Table = WorkloadTables.PodTemplate }),
        Namespaced("", "v1", "core.v1", "ReplicationController", "replicationcontrollers", new RuledStrategy
        {
            Defaults = WorkloadDefaults.ReplicationController, Rules = WorkloadValidation.ReplicationController, StatusRules = WorkloadValidation.ReplicaStatus,
            InitialStatus = NoReplicas, Table = WorkloadTables.ReplicationController, Fields = [("status.replicas", "0")],
        }) with
        {
            ShortNames = ["rc"], Categories = ["all"], Subresources = ["scale", "status"], HasGeneration = true, OrphansByDefault = true,
        },
        Namespaced("", "v1", "core.v1", "ResourceQuota", "resourcequotas", new RuledStrategy { Rules = ClusterValidation.ResourceQuota, Table = ClusterTables.ResourceQuota }) with { ShortNames = ["quota"], Subresources = ["status"] },
        Namespaced("", "v1", "core.v1", "Secret", "secrets", new SecretStrategy()),
        Namespaced("", "v1", "core.v1", "ServiceAccount", "serviceaccounts", new RuledStrategy { Table = CoreTables.ServiceAccount }) with { ShortNames = ["sa"], Subresources = ["token"] },
        Namespaced("", "v1", "core.v1", "Service", "services", new ServiceStrategy()) with
        {
            ShortNames = ["svc"], Categories = ["all"], Subresources = ["proxy", "status"], NameRule = NameRules.Dns1035Label,
        },
    ];

    private static IEnumerable<ResourceKind> Apps() =>
    [
        Namespaced("apps", "v1", "apps.v1", "ControllerRevision", "controllerrevisions", new RuledStrategy { Change = ClusterValidation.RevisionChange, Table = WorkloadTables.ControllerRevision }),
        Namespaced("apps", "v1", "apps.v1", "DaemonSet", "daemonsets", new RuledStrategy
        {
            Defaults = WorkloadDefaults.DaemonSet, Rules = WorkloadValidation.DaemonSet, Change = WorkloadValidation.SelectorChange,
            InitialStatus = NoNodes, Table = WorkloadTables.DaemonSet,
        }) with
        {
            ShortNames = ["ds"], Categories = ["all"], Subresources = ["status"], HasGeneration = true,
        },
        Namespaced("apps", "v1", "apps.v1", "Deployment", "deployments", new RuledStrategy
        {
            Defaults = WorkloadDefaults.Deployment, Rules = WorkloadValidation.Deployment, Change = WorkloadValidation.SelectorChange,
            StatusRules = WorkloadValidation.ReplicaStatus, InitialStatus = Empty, Table = WorkloadTables.Deployment,
        }) with
        {
            ShortNames = ["deploy"], Categories = ["all"], Subresources = ["scale", "status"], HasGeneration = true,
        },
        Namespaced("apps", "v1", "apps.v1", "ReplicaSet", "replicasets", new RuledStrategy
        {
            Defaults = WorkloadDefaults.ReplicaSet, Rules = WorkloadValidation.ReplicaSet, Change = WorkloadValidation.SelectorChange,
            StatusRules = WorkloadValidation.ReplicaStatus, InitialStatus = NoReplicas, Table = WorkloadTables.ReplicaSet, Fields = [("status.replicas", "0")],
        }) with
        {
            ShortNames = ["rs"], Categories = ["all"], Subresources = ["scale", "status"], HasGeneration = true,
        },
        Namespaced("apps", "v1", "apps.v1", "StatefulSet", "statefulsets", new RuledStrategy
        {
            Defaults = WorkloadDefaults.StatefulSet, Rules = WorkloadValidation.StatefulSet, Change = WorkloadValidation.StatefulSetChange,
            StatusRules = WorkloadValidation.ReplicaStatus, InitialStatus = NoAvailableReplicas, Table = WorkloadTables.StatefulSet,
        }) with
        {
            ShortNames = ["sts"], Categories = ["all"], Subresources = ["scale", "status"], HasGeneration = true,
        },
    ];

    private static IEnumerable<ResourceKind> Autoscaling() =>
    [
        // The first one is the version that is stored.
        Namespaced("autoscaling", "v2", "autoscaling.v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", Autoscalers) with
        {
            ShortNames = ["hpa"], Categories = ["all"], Subresources = ["status"],
        },
        Namespaced("autoscaling", "v1", "autoscaling.v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", new ConvertedStrategy(Autoscalers, FirstAutoscalers)) with
        {
            ShortNames = ["hpa"], Categories = ["all"], Subresources = ["status"], Conversion = FirstAutoscalers,
        },
    ];

    private static IEnumerable<ResourceKind> Batch() =>
    [
        Namespaced("batch", "v1", "batch.v1", "CronJob", "cronjobs", new RuledStrategy
        {
            Defaults = WorkloadDefaults.CronJob, Rules = WorkloadValidation.CronJob, InitialStatus = Empty, Table = WorkloadTables.CronJob,
        }) with
        {
            ShortNames = ["cj"], Categories = ["all"], Subresources = ["status"], HasGeneration = true,
        },
        Namespaced("batch", "v1", "batch.v1", "Job", "jobs", new RuledStrategy
        {
            Defaults = WorkloadDefaults.Job, Rules = WorkloadValidation.Job, Change = WorkloadValidation.JobChange, InitialStatus = Empty,
            Table = WorkloadTables.Job, Fields = [("status.successful", "0")],
        }) with { Categories = ["all"], Subresources = ["status"], HasGeneration = true, OrphansByDefault = true },
    ];

    private static IEnumerable<ResourceKind> Certificates() =>
    [
        Cluster("certificates.k8s.io", "v1", "certificates.v1", "CertificateSigningRequest", "certificatesigningrequests", new CertificateSigningRequestStrategy()) with
        {
            ShortNames = ["csr"], Subresources = ["approval", "status"],
        },
    ];

    private static IEnumerable<ResourceKind> Coordination() =>
        [Namespaced("coordination.k8s.io", "v1", "coordination.v1", "Lease", "leases", new RuledStrategy { Rules = ClusterValidation.Lease, Table = ClusterTables.Lease })];

    private static IEnumerable<ResourceKind> Discovery() =>
        [Namespaced("discovery.k8s.io", "v1", "discovery.v1", "EndpointSlice", "endpointslices", new RuledStrategy
        {
            Defaults = ClusterDefaults.EndpointSlice, Rules = EndpointValidation.Slice, Change = EndpointValidation.SliceChange, Table = CoreTables.EndpointSlice,
        }) with { HasGeneration = true }];

    /// <summary>The core API's events under the names of their own group.</summary>
    private static IEnumerable<ResourceKind> EventsGroup() =>
    [
        Namespaced("events.k8s.io", "v1", "events.v1", "Event", "events", new ConvertedEventStrategy(Events, NewEvents)) with
        {
            ShortNames = ["ev"], NameRule = NameRules.PathSegment, StoredAs = "events", Conversion = NewEvents,
        },
    ];

    private static IEnumerable<ResourceKind> Networking() =>
    [
        Cluster("networking.k8s.io", "v1", "networking.v1", "IngressClass", "ingressclasses", new RuledStrategy { Defaults = ClusterDefaults.IngressClass, Rules = NetworkValidation.IngressClass, Change = NetworkValidation.IngressClassChange, Table = ClusterTables.IngressClass }) with { HasGeneration = true },
        Namespaced("networking.k8s.io", "v1", "networking.v1", "Ingress", "ingresses", new RuledStrategy { Rules = NetworkValidation.Ingress, InitialStatus = NoLoadBalancer, Table = ClusterTables.Ingress }) with
        {
            ShortNames = ["ing"], Subresources = ["status"], HasGeneration = true,
        },
        Namespaced("networking.k8s.io", "v1", "networking.v1", "NetworkPolicy", "networkpolicies", new RuledStrategy
        {
            Defaults = ClusterDefaults.NetworkPolicy, Rules = NetworkValidation.NetworkPolicy, Table = ClusterTables.NetworkPolicy,
        }) with { ShortNames = ["netpol"], HasGeneration = true },
    ];

    private static IEnumerable<ResourceKind> Policy() =>
    [
        Namespaced("policy", "v1", "policy.v1", "PodDisruptionBudget", "poddisruptionbudgets", new RuledStrategy { Rules = ClusterValidation.DisruptionBudget, Table = WorkloadTables.PodDisruptionBudget }) with
        {
            ShortNames = ["pdb"], Subresources = ["status"], HasGeneration = true,
        },
    ];

    private static IEnumerable<ResourceKind> Rbac() =>
    [
        Cluster("rbac.authorization.k8s.io", "v1", "rbac.v1", "ClusterRoleBinding", "clusterrolebindings", Bindings) with { NameRule = NameRules.PathSegment },
        Cluster("rbac.authorization.k8s.io", "v1", "rbac.v1", "ClusterRole", "clusterroles", Roles) with { NameRule = NameRules.PathSegment },
        Namespaced("rbac.authorization.k8s.io", "v1", "rbac.v1", "RoleBinding", "rolebindings", Bindings) with { NameRule = NameRules.PathSegment },
        Namespaced("rbac.authorization.k8s.io", "v1", "rbac.v1", "Role", "roles", Roles) with { NameRule = NameRules.PathSegment },
    ];

    private static IEnumerable<ResourceKind> Scheduling() =>
    [
        Cluster("scheduling.k8s.io", "v1", "scheduling.v1", "PriorityClass", "priorityclasses", new RuledStrategy
        {
            Defaults = ClusterDefaults.PriorityClass, Rules = ClusterValidation.PriorityClass, Change = ClusterValidation.PriorityClassChange,
            Table = ClusterTables.PriorityClass,
        }) with { ShortNames = ["pc"], HasGeneration = true },
    ];

    private static IEnumerable<ResourceKind> Storage() =>
    [
        Cluster("storage.k8s.io", "v1", "storage.v1", "CSIDriver", "csidrivers", new RuledStrategy { Defaults = ClusterDefaults.CsiDriver, Rules = StorageValidation.Driver, Change = StorageValidation.DriverChange, Table = ClusterTables.CsiDriver }) with { HasGeneration = true },
        Cluster("storage.k8s.io", "v1", "storage.v1", "CSINode", "csinodes", new RuledStrategy { Rules = StorageValidation.Node, Table = ClusterTables.CsiNode }),
        Namespaced("storage.k8s.io", "v1", "storage.v1", "CSIStorageCapacity", "csistoragecapacities", new RuledStrategy { Rules = StorageValidation.Capacity, Change = StorageValidation.CapacityChange, Table = ClusterTables.CsiStorageCapacity }),
        Cluster("storage.k8s.io", "v1", "storage.v1", "StorageClass", "storageclasses", new RuledStrategy
        {
            Defaults = ClusterDefaults.StorageClass, Rules = ClusterValidation.StorageClass, Change = ClusterValidation.StorageClassChange,
            Table = ClusterTables.StorageClass,
        }) with { ShortNames = ["sc"] },
        Cluster("storage.k8s.io", "v1", "storage.v1", "VolumeAttachment", "volumeattachments", new RuledStrategy { Rules = StorageValidation.Attachment, Change = StorageValidation.AttachmentChange, Table = ClusterTables.VolumeAttachment }) with { Subresources = ["status"] },
    ];

    private static IEnumerable<ResourceKind> Node() =>
        [Cluster("node.k8s.io", "v1", "node.v1", "RuntimeClass", "runtimeclasses", new RuledStrategy { Rules = ClusterValidation.RuntimeClass, Change = ClusterValidation.RuntimeClassChange, Table = ClusterTables.RuntimeClass })];

    private static IEnumerable<ResourceKind> Admission() =>
    [
        Extension("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", Webhooks),
        Extension("ValidatingAdmissionPolicy", "validatingadmissionpolicies", new RuledStrategy { Defaults = ClusterDefaults.AdmissionPolicy, Rules = AdmissionPolicyValidation.Policy, Table = ClusterTables.AdmissionPolicy }) with { Subresources = ["status"] },
        Extension("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", new RuledStrategy { Defaults = ClusterDefaults.AdmissionPolicyBinding, Rules = AdmissionPolicyValidation.Binding, Table = ClusterTables.AdmissionPolicyBinding }),
        Extension("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", Webhooks),
    ];

    private static IEnumerable<ResourceKind> FlowControl() =>
    [
        Cluster("flowcontrol.apiserver.k8s.io", "v1", "flowcontrol.v1", "FlowSchema", "flowschemas", new RuledStrategy { Defaults = ClusterDefaults.FlowSchema, Rules = FlowControlValidation.FlowSchema, Table = ClusterTables.FlowSchema }) with
        {
            Subresources = ["status"], HasGeneration = true,
        },
        Cluster("flowcontrol.apiserver.k8s.io", "v1", "flowcontrol.v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", new RuledStrategy { Defaults = ClusterDefaults.PriorityLevel, Rules = FlowControlValidation.PriorityLevel, Table = ClusterTables.PriorityLevel }) with
        {
            Subresources = ["status"], HasGeneration = true,
        },
    ];

    /// <summary>Stored and shown; what they switch on (custom kinds, aggregated servers) is the business of who reads them.</summary>
    private static IEnumerable<ResourceKind> Extensions() =>
    [
        Cluster("apiextensions.k8s.io", "v1", "", "CustomResourceDefinition", "customresourcedefinitions", new DefinitionStrategy()) with
        {
            ShortNames = ["crd", "crds"], Categories = ["api-extensions"], Subresources = ["status"], HasGeneration = true,
            SchemaName = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
        },
        Cluster("apiregistration.k8s.io", "v1", "", "APIService", "apiservices", new RuledStrategy { Defaults = ApiServiceValidation.Default, Rules = ApiServiceValidation.Validate, Table = ClusterTables.ApiService }) with
        {
            Categories = ["api-extensions"], Subresources = ["status"], NameRule = NameRules.PathSegment,
            SchemaName = "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService",
        },
    ];

    private static ResourceKind Extension(string kind, string plural, KindStrategy strategy) =>
        Cluster("admissionregistration.k8s.io", "v1", "admissionregistration.v1", kind, plural, strategy) with { Categories = ["api-extensions"], HasGeneration = true };

    private static ResourceKind Namespaced(string group, string version, string package, string kind, string plural, KindStrategy strategy) => new()
    {
        Group = group,
        Version = version,
        Kind = kind,
        Plural = plural,
        Singular = kind.ToLowerInvariant(),
        Namespaced = true,
        SchemaName = $"io.k8s.api.{package}.{kind}",
        Strategy = strategy,
    };

    private static ResourceKind Cluster(string group, string version, string package, string kind, string plural, KindStrategy strategy) =>
        Namespaced(group, version, package, kind, plural, strategy) with { Namespaced = false };

    private static JsonObject Empty() => [];

    private static JsonObject PendingPhase() => new() { ["phase"] = "Pending" };

    private static JsonObject NoLoadBalancer() => new() { ["loadBalancer"] = new JsonObject() };

    private static JsonObject NoReplicas() => new() { ["replicas"] = 0 };

    private static JsonObject NoAvailableReplicas() => new() { ["replicas"] = 0, ["availableReplicas"] = 0 };

    private static JsonObject NoNodes() => new() { ["currentNumberScheduled"] = 0, ["numberMisscheduled"] = 0, ["desiredNumberScheduled"] = 0, ["numberReady"] = 0 };
}
