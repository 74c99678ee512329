using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Tests.Actors.Workloads;

/// <summary>Builders for the objects these tests need.</summary>
internal static class WorkloadObjects
{
    public static Deployment Deployment(int replicas, IntOrString? maxSurge = null, IntOrString? maxUnavailable = null, string image = "app:1", string type = "RollingUpdate") => new()
    {
        Metadata = new ObjectMeta { Name = "web", Namespace = "default", UID = "deployment", Generation = 1 },
        Spec = new DeploymentSpec
        {
            Replicas = replicas,
            Selector = new LabelSelector { MatchLabels = new() { ["app"] = "web" } },
            Template = Template(image),
            Strategy = new DeploymentStrategy
            {
                Type = type,
                RollingUpdate = type == "RollingUpdate" ? new RollingUpdateDeployment { MaxSurge = maxSurge ?? "25%", MaxUnavailable = maxUnavailable ?? "25%" } : null,
            },
            RevisionHistoryLimit = 10,
            ProgressDeadlineSeconds = 600,
        },
    };

    public static PodTemplateSpec Template(string image) => new()
    {
        Metadata = new ObjectMeta { Labels = new() { ["app"] = "web" } },
        Spec = new PodSpec { Containers = [new Container { Name = "c", Image = image }] },
    };
}
