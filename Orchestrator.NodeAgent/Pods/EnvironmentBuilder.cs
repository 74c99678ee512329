using System.Text;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>Where configuration comes from; null for an object that does not exist.</summary>
public interface IConfigSource
{
    /// <summary>A config map of the pod's namespace, or null.</summary>
    ConfigMap? ConfigMap(string ns, string name);

    /// <summary>A secret of the pod's namespace, or null.</summary>
    Secret? Secret(string ns, string name);
}

/// <summary>A container's environment: services first, then envFrom, then env with <c>$(VAR)</c> of what came before (the kubelet's makeEnvironmentVariables).</summary>
public static class EnvironmentBuilder
{
    /// <summary>The variables in order, later ones replacing earlier ones of the same name. Throws <see cref="ContainerConfigException"/> in the kubelet's words.</summary>
    public static IReadOnlyDictionary<string, string> Build(Pod pod, Container container, DownwardFacts facts, IReadOnlyDictionary<string, string> serviceEnv, IConfigSource source)
    {
        var ns = pod.Metadata.Namespace;
        var result = new Dictionary<string, string>();
        foreach (var from in container.EnvFrom ?? []) AddAll(from, ns, source, result);
        var own = new Dictionary<string, string>();
        foreach (var variable in container.Env ?? [])
        {
            var value = variable.ValueFrom is null
                ? VariableExpansion.Expand(variable.Value, name => own.GetValueOrDefault(name) ?? result.GetValueOrDefault(name) ?? serviceEnv.GetValueOrDefault(name))
                : Resolve(pod, container, facts, variable.ValueFrom, ns, source);
            if (value is null) continue;
            own[variable.Name] = value;
            result[variable.Name] = value;
        }
        foreach (var (name, value) in serviceEnv) result.TryAdd(name, value);
        return result;
    }

    private static void AddAll(EnvFromSource from, string ns, IConfigSource source, Dictionary<string, string> result)
    {
        if (from.ConfigMapRef is { } mapRef)
        {
            var map = source.ConfigMap(ns, mapRef.Name);
            if (map is null && mapRef.Optional != true) throw new ContainerConfigException($"configmap \"{mapRef.Name}\" not found");
            foreach (var (key, value) in map?.Data ?? []) Add(from.Prefix + key, value);
        }
        else if (from.SecretRef is { } secretRef)
        {
            var secret = source.Secret(ns, secretRef.Name);
            if (secret is null && secretRef.Optional != true) throw new ContainerConfigException($"secret \"{secretRef.Name}\" not found");
            foreach (var (key, value) in secret?.Data ?? []) Add(from.Prefix + key, Encoding.UTF8.GetString(value));
        }

        void Add(string name, string value)
        {
            // Names that no process could carry are left out, as upstream does.
            if (name.Length > 0 && !name.Contains('=', StringComparison.Ordinal) && !name.Contains('\0', StringComparison.Ordinal)) result[name] = value;
        }
    }

    private static string? Resolve(Pod pod, Container container, DownwardFacts facts, EnvVarSource from, string ns, IConfigSource source)
    {
        if (from.FieldRef is { } field) return DownwardFields.Field(pod, facts, field.FieldPath);
        if (from.ResourceFieldRef is { } resource)
        {
            var of = resource.ContainerName.Length == 0 || resource.ContainerName == container.Name
                ? container
                : (pod.Spec.Containers ?? []).Concat(pod.Spec.InitContainers ?? []).FirstOrDefault(c => c.Name == resource.ContainerName)
                  ?? throw new ContainerConfigException($"container {resource.ContainerName} not found");
            return DownwardFields.Resource(of, facts, resource);
        }
        if (from.ConfigMapKeyRef is { } mapKey)
        {
            if (source.ConfigMap(ns, mapKey.Name) is not { } map) return mapKey.Optional == true ? null : throw new ContainerConfigException($"configmap \"{mapKey.Name}\" not found");
            if (map.Data?.TryGetValue(mapKey.Key, out var value) == true) return value;
            return mapKey.Optional == true ? null : throw new ContainerConfigException($"couldn't find key {mapKey.Key} in ConfigMap {ns}/{mapKey.Name}");
        }
        if (from.SecretKeyRef is { } secretKey)
        {
            if (source.Secret(ns, secretKey.Name) is not { } secret) return secretKey.Optional == true ? null : throw new ContainerConfigException($"secret \"{secretKey.Name}\" not found");
            if (secret.Data?.TryGetValue(secretKey.Key, out var value) == true) return Encoding.UTF8.GetString(value);
            return secretKey.Optional == true ? null : throw new ContainerConfigException($"couldn't find key {secretKey.Key} in Secret {ns}/{secretKey.Name}");
        }
        return null;
    }
}
