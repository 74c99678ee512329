namespace Orchestrator.NodeAgent.Volumes;

/// <summary>A pod's directory on the node: <c>&lt;data&gt;/nodes/&lt;node&gt;/pods/&lt;uid&gt;</c>, laid out like the kubelet's.</summary>
public sealed record PodDirectory(string NodeRoot, string Uid)
{
    /// <summary>The directory.</summary>
    public string Root => Path.Combine(NodeRoot, "pods", Uid);

    /// <summary>The hosts file.</summary>
    public string HostsFile => Path.Combine(Root, "etc-hosts");

    /// <summary>The resolver's configuration.</summary>
    public string ResolvFile => Path.Combine(Root, "resolv.conf");

    /// <summary>A volume's directory.</summary>
    public string Volume(string plugin, string name) => Path.Combine(Root, "volumes", $"kubernetes.io~{plugin}", name);

    /// <summary>The termination message file of one try of a container.</summary>
    public string TerminationLog(string container, int attempt) => Path.Combine(Root, "containers", container, $"termination-{attempt}");

    /// <summary>UIDs that have a directory under a node's root.</summary>
    public static IEnumerable<string> Uids(string nodeRoot)
    {
        var pods = Path.Combine(nodeRoot, "pods");
        return Directory.Exists(pods) ? Directory.EnumerateDirectories(pods).Select(d => Path.GetFileName(d)!) : [];
    }

    /// <summary>Unmounts and removes everything of the pod.</summary>
    public void Remove() => LinuxFiles.RemoveTree(Root);
}
