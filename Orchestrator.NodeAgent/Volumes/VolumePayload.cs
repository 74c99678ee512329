using System.Text;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Volumes;

/// <summary>The files of a configMap, secret, downwardAPI or projected volume, from the objects they come from. Pure; throws <see cref="VolumeException"/> in the kubelet's words.</summary>
public sealed class VolumePayload(Pod pod, Volume volume, IConfigSource source, DownwardFacts facts)
{
    private const int DefaultMode = 0x1A4; // 0644

    private readonly Dictionary<string, FileProjection> _files = [];

    /// <summary>The files so far, by relative path.</summary>
    public IReadOnlyDictionary<string, FileProjection> Files => _files;

    private string Namespace => pod.Metadata.Namespace;

    /// <summary>Adds a config map's entries.</summary>
    public void AddConfigMap(string name, List<KeyToPath>? items, int? mode, bool optional)
    {
        if (source.ConfigMap(Namespace, name) is not { } map)
        {
            if (!optional) throw new VolumeException(volume.Name, $"configmap \"{name}\" not found");
            return;
        }
        var data = new Dictionary<string, byte[]>(map.BinaryData ?? []);
        foreach (var (key, text) in map.Data ?? []) data[key] = Encoding.UTF8.GetBytes(text);
        Add(data, items, mode, optional, "configmap");
    }

    /// <summary>Adds a secret's entries.</summary>
    public void AddSecret(string name, List<KeyToPath>? items, int? mode, bool optional)
    {
        if (source.Secret(Namespace, name) is not { } secret)
        {
            if (!optional) throw new VolumeException(volume.Name, $"secret \"{name}\" not found");
            return;
        }
        Add(secret.Data ?? [], items, mode, optional, "secret");
    }

    /// <summary>Adds fields and resources of the pod.</summary>
    public void AddDownward(List<DownwardAPIVolumeFile>? items, int? mode)
    {
        foreach (var item in items ?? [])
        {
            string value;
            try
            {
                value = item.FieldRef is { } field
                    ? DownwardFields.Field(pod, facts, field.FieldPath)
                    : DownwardFields.Resource(Find(item.ResourceFieldRef!.ContainerName), facts, item.ResourceFieldRef);
            }
            catch (ContainerConfigException e)
            {
                throw new VolumeException(volume.Name, e.Message);
            }
            _files[item.Path] = new FileProjection(Encoding.UTF8.GetBytes(value), item.Mode ?? mode ?? DefaultMode);
        }
    }

    /// <summary>Adds a token file.</summary>
    public void AddToken(string path, string token, int? mode) =>
        _files[path] = new FileProjection(Encoding.UTF8.GetBytes(token), pod.Spec.SecurityContext?.FSGroup is null ? mode ?? DefaultMode : 0x180);

    private Container Find(string name) => PodContainers.Of(pod.Spec).FirstOrDefault(c => c.Name == name)?.Spec ?? throw new VolumeException(volume.Name, $"container {name} not found");

    private void Add(Dictionary<string, byte[]> data, List<KeyToPath>? items, int? mode, bool optional, string what)
    {
        if (items is not { Count: > 0 })
        {
            foreach (var (key, bytes) in data) _files[key] = new FileProjection(bytes, mode ?? DefaultMode);
            return;
        }
        foreach (var item in items)
        {
            if (data.TryGetValue(item.Key, out var bytes)) _files[item.Path] = new FileProjection(bytes, item.Mode ?? mode ?? DefaultMode);
            else if (!optional) throw new VolumeException(volume.Name, $"references non-existent {(what == "secret" ? "secret" : "config")} key: {item.Key}");
        }
    }
}
