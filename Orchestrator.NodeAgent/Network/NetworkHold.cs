using Orchestrator.NodeAgent.Network.Netlink;

namespace Orchestrator.NodeAgent.Network;

/// <summary>
/// A pod network's entry in this machine's register, a file per network in <c>/run/orchestrator/networks</c>, and a lock on it for as long as a process looks after
/// the network. The kernel lets go of the lock however that process ends, so an entry that nobody locks is a network that was left behind, and the
/// register goes where the networks go: with the machine's next start.
/// </summary>
internal sealed class NetworkHold : IDisposable
{
    private const string Register = "/run/orchestrator/networks";

    private int _descriptor;

    private NetworkHold(int descriptor) => _descriptor = descriptor;

    /// <summary>Names of all networks that were made since the machine started and not removed.</summary>
    public static IReadOnlyList<string> Registered => Directory.Exists(Register) ? [.. Directory.EnumerateFiles(Register).Select(f => Path.GetFileName(f)!)] : [];

    /// <summary>
    /// Registers a network and holds it; several may. Waits while somebody removes what was left of it. Throws <see cref="System.ComponentModel.Win32Exception"/>
    /// where the register cannot be written.
    /// </summary>
    public static NetworkHold Take(string network)
    {
        Directory.CreateDirectory(Register);
        while (true)
        {
            var hold = Open(network, LinuxCalls.Create) ?? throw LinuxCalls.LastError($"registering the pod network in {Register}");
            if (hold.Lock(LinuxCalls.LockShared) && hold.IsRegistered)
            {
                return hold;
            }

            hold.Dispose(); // whoever had it has taken it off the register
        }
    }

    /// <summary>Takes a network over for its removal, or null where a process holds it or it is gone.</summary>
    public static NetworkHold? TryTakeAbandoned(string network)
    {
        if (Open(network, 0) is not { } hold)
        {
            return null;
        }

        if (hold.Lock(LinuxCalls.LockExclusive | LinuxCalls.LockWithoutWaiting) && hold.IsRegistered)
        {
            return hold;
        }

        hold.Dispose();
        return null;
    }

    /// <summary>Takes every network whose name starts so off the register: they are gone.</summary>
    public static void Forget(string prefix)
    {
        foreach (var network in Registered.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            File.Delete(Path.Combine(Register, network));
        }
    }

    // The name may have been taken off while this descriptor waited for its lock; the kernel then marks the link.
    private bool IsRegistered => new FileInfo($"/proc/self/fd/{_descriptor}").LinkTarget?.EndsWith(" (deleted)", StringComparison.Ordinal) == false;

    /// <summary>Lets go. The network stays registered.</summary>
    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = LinuxCalls.Close(_descriptor);
            _descriptor = -1;
        }
    }

    private static NetworkHold? Open(string network, int flags)
    {
        var descriptor = LinuxCalls.Open(Path.Combine(Register, network), flags | LinuxCalls.CloseOnExec, 0x180);
        return descriptor < 0 ? null : new NetworkHold(descriptor);
    }

    private bool Lock(int operation)
    {
        int result;
        do
        {
            result = LinuxCalls.Lock(_descriptor, operation);
        }
        while (result != 0 && LinuxCalls.WasInterrupted);
        return result == 0;
    }
}
