using Orchestrator.NodeAgent.Pods;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Volumes;

/// <summary>Pods' files below a directory of this machine (<see cref="PodDirectory"/>).</summary>
public sealed class HostDisk : INodeDisk
{
    private readonly string _root;

    /// <param name="root">The node's directory; it is made.</param>
    public HostDisk(string root)
    {
        _root = root;
        Directory.CreateDirectory(root);
    }

    /// <inheritdoc/>
    public IPodVolumes VolumesOf(string uid, IConfigSource objects, IPodTokenSource tokens, TimeProvider time) => new PodVolumes(DirectoryOf(uid), objects, tokens, time);

    /// <inheritdoc/>
    public void WriteFiles(Pod pod, StartContainer start, string podIp, Func<DnsOptions> dns)
    {
        var resolution = dns();
        var directory = DirectoryOf(pod.Metadata.UID);
        Directory.CreateDirectory(directory.Root);
        PutText(directory.HostsFile, pod.Spec.HostNetwork ? PodFiles.HostNetworkHosts(pod, File.ReadAllText("/etc/hosts")) : PodFiles.Hosts(pod, podIp, resolution.ClusterDomain));
        PutText(directory.ResolvFile, PodFiles.Resolv(pod, resolution));
        var log = directory.TerminationLog(start.Container.Name, start.Attempt);
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        File.WriteAllBytes(log, []);
        File.SetUnixFileMode(log, (UnixFileMode)0x1B6);
    }

    /// <inheritdoc/>
    public void Remove(string uid) => DirectoryOf(uid).Remove();

    /// <inheritdoc/>
    public IEnumerable<string> Uids() => PodDirectory.Uids(_root);

    private PodDirectory DirectoryOf(string uid) => new(_root, uid);

    // At every start of a container, as the kubelet: a sandbox that was made again has another address. In place, because containers have the file itself mounted, and only where
    // it differs, because the others read it meanwhile.
    private static void PutText(string file, string text)
    {
        if (!File.Exists(file) || File.ReadAllText(file) != text) File.WriteAllText(file, text);
    }
}
