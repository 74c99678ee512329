using Orchestrator.NodeAgent.Network;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>Removes everything a cluster made on this machine's engine: the reset command's part of it. Safe to repeat; other clusters are not touched.</summary>
public static class DockerCleanup
{
    private const int ParallelRemovals = 8;

    /// <summary>Containers with the cluster's label, their cgroups, and the pod networks of all its nodes. Images stay.</summary>
    public static async Task RemoveClusterAsync(string clusterId, string socketPath, CancellationToken cancel)
    {
        using (var client = new DockerClient(socketPath))
        {
            var filter = DockerClient.Filters(("label", [$"{DockerLabels.Cluster}={clusterId}"]));
            var containers = await client.GetAsync($"/containers/json?all=1&filters={filter}", DockerJson.Default.ContainerSummaryArray, cancel).ConfigureAwait(false);
            await Parallel.ForEachAsync(containers, new ParallelOptions { MaxDegreeOfParallelism = ParallelRemovals, CancellationToken = cancel }, async (container, token) =>
            {
                try
                {
                    await client.SendAsync(HttpMethod.Delete, $"/containers/{container.Id}?v=1&force=1", token).ConfigureAwait(false);
                }
                catch (RuntimeException e) when (e.Code is 404 or 409)
                {
                    // Gone, or going: somebody else removes it too.
                }
            }).ConfigureAwait(false);
            foreach (var cgroup in containers.Select(c => c.Labels?.GetValueOrDefault(DockerLabels.CgroupParent)).OfType<string>().Distinct())
            {
                CgroupTree.Remove(cgroup);
            }
        }

        await PodNetwork.RemoveClusterAsync(clusterId, cancel).ConfigureAwait(false);
    }
}
