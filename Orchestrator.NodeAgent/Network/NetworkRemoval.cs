using Microsoft.Extensions.Logging;
using Orchestrator.NodeAgent.Network.Netlink;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Network;

/// <summary>Takes pod networks off the machine: a cluster's own, and those that nobody looks after any more.</summary>
internal static partial class NetworkRemoval
{
    /// <summary>Removes bridges, cables, packet rules and register entries of every network whose name starts so. Safe to repeat.</summary>
    public static async Task RemoveAsync(string prefix, CancellationToken cancel)
    {
        // Held, so that no other cluster takes them for abandoned and removes them at the same moment.
        var held = await Task.Run(() => NetworkHold.Registered.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(NetworkHold.Take).ToList(), cancel).ConfigureAwait(false);
        try
        {
            await RemoveHeldAsync(prefix, cancel).ConfigureAwait(false);
        }
        finally
        {
            held.ForEach(hold => hold.Dispose());
        }
    }

    /// <summary>
    /// Removes the networks of processes that ended without doing so (killed, or their directory deleted by hand), as far as no sandbox is plugged into them: those belong to
    /// containers that still run, and to a cluster that may come back for them. One that comes back finds nothing missing, since it makes its network anew.
    /// </summary>
    public static async Task RemoveAbandonedAsync(string own, ILogger log, CancellationToken cancel)
    {
        foreach (var network in NetworkHold.Registered.Where(n => n != own))
        {
            using var abandoned = NetworkHold.TryTakeAbandoned(network);
            var cables = $"/sys/class/net/{network}/brif";
            if (abandoned is null || (Directory.Exists(cables) && Directory.EnumerateFileSystemEntries(cables).Any()))
            {
                continue;
            }

            try
            {
                await RemoveHeldAsync(network, cancel).ConfigureAwait(false);
                LogAbandoned(log, network);
            }
            catch (Exception e) when (e is RuntimeException or InvalidOperationException or NetlinkException)
            {
                // Another cluster's leftovers are no reason not to start this one.
                LogAbandonedStays(log, network, e);
            }
        }
    }

    private static async Task RemoveHeldAsync(string prefix, CancellationToken cancel)
    {
        using (var socket = new NetlinkSocket())
        {
            foreach (var bridge in Directory.EnumerateDirectories("/sys/class/net", prefix + "*").ToList())
            {
                var batch = new NetlinkMessage();
                if (Directory.Exists($"{bridge}/brif"))
                {
                    foreach (var port in Directory.EnumerateFileSystemEntries($"{bridge}/brif"))
                    {
                        batch.DeleteLinkByName(Path.GetFileName(port));
                    }
                }

                // A cable may go at the same moment, with its sandbox.
                socket.Execute(batch.DeleteLinkByName(Path.GetFileName(bridge)), NetlinkException.NoSuchDevice);
            }
        }

        await ForwardingRules.RemoveAsync(prefix, cancel).ConfigureAwait(false);
        var tables = await HostCommand.ExpectAsync("nft", ["list", "tables"], null, cancel).ConfigureAwait(false);
        var ours = tables.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith($"table ip {prefix}", StringComparison.Ordinal)).ToList();
        if (ours.Count > 0)
        {
            await PodNetwork.NftAsync(string.Concat(ours.Select(table => $"delete {table}\n")), cancel).ConfigureAwait(false);
        }

        NetworkHold.Forget(prefix);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed the pod network {Network}, which a cluster that no longer runs has left on this machine")]
    private static partial void LogAbandoned(ILogger log, string network);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pod network {Network} of a cluster that no longer runs could not be removed")]
    private static partial void LogAbandonedStays(ILogger log, string network, Exception why);
}
