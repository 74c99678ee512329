using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Volumes;

/// <summary>A container's volumeMounts as bind mounts, sub-paths resolved inside the volume.</summary>
public static class VolumeMounts
{
    /// <summary>Throws <see cref="ContainerConfigException"/> where a mount's volume is missing or a sub-path leaves its volume.</summary>
    public static IReadOnlyList<MountSpec> For(Container container, IReadOnlyDictionary<string, MountedVolume> volumes, Func<string, string?> environment)
    {
        var result = new List<MountSpec>();
        foreach (var mount in container.VolumeMounts ?? [])
        {
            if (!volumes.TryGetValue(mount.Name, out var volume)) throw new ContainerConfigException($"cannot find volume \"{mount.Name}\" to mount into container \"{container.Name}\"");
            var sub = mount.SubPathExpr.Length > 0 ? Expand(mount.SubPathExpr, environment) : mount.SubPath;
            var path = sub.Length > 0 ? Inside(volume, sub, container.Name, mount.Name) : volume.HostPath;
            var target = mount.MountPath.StartsWith('/') ? mount.MountPath : "/" + mount.MountPath;
            var propagation = mount.MountPropagation switch { "HostToContainer" => "rslave", "Bidirectional" => "rshared", _ => "private" };
            result.Add(new MountSpec(path, target, mount.ReadOnly || volume.ReadOnly, propagation));
        }
        return result;
    }

    private static string Expand(string expression, Func<string, string?> environment)
    {
        var missing = new List<string>();
        var result = VariableExpansion.Expand(expression, name =>
        {
            var value = environment(name);
            if (value is null) missing.Add(name);
            return value;
        });
        return missing.Count == 0 ? result : throw new ContainerConfigException($"missing value for \"{missing[0]}\"");
    }

    /// <summary>
    /// The sub-path on the node; made where it is missing, with the mode of its volume's root. Symbolic links are followed, and one that leads out of the volume is refused: a pod must not
    /// reach the node's files through a link it has written itself.
    /// </summary>
    private static string Inside(MountedVolume volume, string sub, string container, string name)
    {
        var error = $"failed to prepare subPath for volumeMount \"{name}\" of container \"{container}\"";
        if (Path.IsPathRooted(sub) || sub.Split('/').Contains("..")) throw new ContainerConfigException(error);
        var root = Real(volume.HostPath);
        var current = root;
        foreach (var part in sub.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            current = Path.Combine(current, part);
            if (LinuxFiles.KindOf(current) == FileKind.Missing)
            {
                Directory.CreateDirectory(current);
                File.SetUnixFileMode(current, File.GetUnixFileMode(root));
            }
            current = Real(current);
            if (current != root && !current.StartsWith(root + "/", StringComparison.Ordinal)) throw new ContainerConfigException(error);
        }
        return current;
    }

    private static string Real(string path)
    {
        FileSystemInfo info = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        var target = info.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? info.FullName;
        // Links in the parents are resolved too: '..data/key' is a link in a linked directory.
        var parent = Path.GetDirectoryName(target);
        if (parent is null or "/") return target;
        return Path.Combine(Real(parent), Path.GetFileName(target));
    }
}
