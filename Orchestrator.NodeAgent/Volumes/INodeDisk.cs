using Orchestrator.NodeAgent.Pods;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Volumes;

/// <summary>Where a node keeps the files of its pods: a directory of this machine, or nowhere where the node is a model.</summary>
public interface INodeDisk
{
    /// <summary>The volumes of a pod.</summary>
    IPodVolumes VolumesOf(string uid, IConfigSource objects, IPodTokenSource tokens, TimeProvider time);

    /// <summary>Writes what every container has mounted: hosts, resolver, the file for its termination message. Throws <see cref="IOException"/>.</summary>
    void WriteFiles(Pod pod, StartContainer start, string podIp, Func<DnsOptions> dns);

    /// <summary>Unmounts and removes everything of a pod.</summary>
    void Remove(string uid);

    /// <summary>UIDs of the pods that have files.</summary>
    IEnumerable<string> Uids();
}
