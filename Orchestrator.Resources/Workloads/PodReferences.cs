using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Resources.Workloads;

/// <summary>The config maps and secrets a pod names: what its node's agent follows while it has the pod, and may read.</summary>
public static class PodReferences
{
    /// <summary>Distinct keys, optional references included.</summary>
    public static IReadOnlySet<ResourceKey> Of(Pod pod)
    {
        var keys = new HashSet<ResourceKey>();
        var ns = pod.Metadata.Namespace;
        foreach (var container in (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers ?? [])) AddEnvironment(container.EnvFrom, container.Env);
        foreach (var container in pod.Spec.EphemeralContainers ?? []) AddEnvironment(container.EnvFrom, container.Env);
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

        void AddEnvironment(IEnumerable<EnvFromSource>? sources, IEnumerable<EnvVar>? variables)
        {
            foreach (var from in sources ?? [])
            {
                Add("configmaps", from.ConfigMapRef?.Name);
                Add("secrets", from.SecretRef?.Name);
            }
            foreach (var variable in variables ?? [])
            {
                Add("configmaps", variable.ValueFrom?.ConfigMapKeyRef?.Name);
                Add("secrets", variable.ValueFrom?.SecretKeyRef?.Name);
            }
        }

        void Add(string resource, string? name)
        {
            if (name is { Length: > 0 }) keys.Add(new ResourceKey(resource, ns, name));
        }
    }
}
