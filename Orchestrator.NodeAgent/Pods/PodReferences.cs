using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>The config maps and secrets a pod names: what the agent follows while it has the pod.</summary>
public static class PodReferences
{
    /// <summary>Distinct keys, optional references included.</summary>
    public static IReadOnlySet<ResourceKey> Of(Pod pod)
    {
        var keys = new HashSet<ResourceKey>();
        var ns = pod.Metadata.Namespace;
        foreach (var container in PodContainers.Of(pod.Spec).Select(c => c.Spec))
        {
            foreach (var from in container.EnvFrom ?? [])
            {
                Add("configmaps", from.ConfigMapRef?.Name);
                Add("secrets", from.SecretRef?.Name);
            }
            foreach (var variable in container.Env ?? [])
            {
                Add("configmaps", variable.ValueFrom?.ConfigMapKeyRef?.Name);
                Add("secrets", variable.ValueFrom?.SecretKeyRef?.Name);
            }
        }
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            Add("configmaps", volume.ConfigMap?.Name);
            Add("secrets", volume.Secret?.SecretName);
            foreach (var part in volume.Projected?.Sources ?? [])
            {
                Add("configmaps", part.ConfigMap?.Name);
                Add("secrets", part.Secret?.Name);
            }
        }
        foreach (var secret in pod.Spec.ImagePullSecrets ?? []) Add("secrets", secret.Name);
        return keys;

        void Add(string resource, string? name)
        {
            if (name is { Length: > 0 }) keys.Add(new ResourceKey(resource, ns, name));
        }
    }
}
