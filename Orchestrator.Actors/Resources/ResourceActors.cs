using Orchestrator.Actors.Certificates;
using Orchestrator.Actors.Disruption;
using Orchestrator.Actors.Extensions;
using Orchestrator.Actors.Namespaces;
using Orchestrator.Actors.Nodes;
using Orchestrator.Actors.Pods;
using Orchestrator.Actors.Services;
using Orchestrator.Actors.Volumes;
using Orchestrator.Actors.Workloads;
using Orchestrator.Engine.Actor;
using Orchestrator.Resources;

namespace Orchestrator.Actors.Resources;

/// <summary>Which actor class an object of a resource gets. A new kind with a control loop adds one line here.</summary>
public static class ResourceActors
{
    private static readonly Dictionary<string, Func<ResourceKey, ControlPlaneServices, ResourceActor>> Special = new(StringComparer.Ordinal)
    {
        ["pods"] = (key, services) => new PodActor(key, services),
        ["namespaces"] = (key, services) => new NamespaceActor(key, services),
        ["deployments.apps"] = (key, services) => new DeploymentActor(key, services),
        ["replicasets.apps"] = (key, services) => new ReplicaSetActor(key, services, ReplicaSetKind.ReplicaSet),
        ["replicationcontrollers"] = (key, services) => new ReplicaSetActor(key, services, ReplicaSetKind.ReplicationController),
        [DefinitionCatalog.Resource] = (key, services) => new CustomResourceDefinitionActor(key, services),
        ["certificatesigningrequests.certificates.k8s.io"] = (key, services) => new CertificateSigningRequestActor(key, services),
        [DisruptionBudgets.Resource] = (key, services) => new PodDisruptionBudgetActor(key, services),
        [VolumeWakes.Claims] = (key, services) => new PersistentVolumeClaimActor(key, services),
        [VolumeWakes.Volumes] = (key, services) => new PersistentVolumeActor(key, services),
        ["services"] = (key, services) => new ServiceActor(key, services),
    };

    /// <summary>Resources whose actors are control loops: they are woken at start and by changes that concern them.</summary>
    public static IReadOnlySet<string> Loops { get; } = new HashSet<string>
    {
        "nodes", "namespaces", "deployments.apps", "replicasets.apps", "replicationcontrollers", "services", DefinitionCatalog.Resource, "certificatesigningrequests.certificates.k8s.io",
        DisruptionBudgets.Resource, VolumeWakes.Claims, VolumeWakes.Volumes,
    };

    /// <summary>Props for the actor of an object, given its key in text form (the sharding entity id).</summary>
    public static Props PropsFor(string entityId, ControlPlaneServices services)
    {
        var key = ResourceKey.Parse(entityId);
        // Signs of life go there: they may not wait until everybody else has had a turn.
        if (key.Resource == "nodes") return Props.Create(() => new NodeActor(key, services)).WithDispatcher(Props.InternalDispatcher);
        return Special.TryGetValue(key.Resource, out var create)
            ? Props.Create(() => create(key, services))
            : Props.Create(() => new ResourceActor(key, services));
    }
}
