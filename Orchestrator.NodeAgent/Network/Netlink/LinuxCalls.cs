using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Orchestrator.NodeAgent.Network.Netlink;

/// <summary>The few Linux calls that .NET has no face for.</summary>
internal static class LinuxCalls
{
    public const int AddressFamilyNetlink = 16;
    public const int SocketRaw = 3;
    public const int CloseOnExec = 0x80000;
    public const int NewNetworkNamespace = 0x40000000;

    public const int Create = 0x40;
    public const int LockShared = 1;
    public const int LockExclusive = 2;
    public const int LockWithoutWaiting = 4;
    private const int Interrupted = 4;

    /// <summary>Whether a signal came before the call just made was done: it is to be made again.</summary>
    public static bool WasInterrupted => Marshal.GetLastPInvokeError() == Interrupted;

    [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    public static extern int Open(string path, int flags, int mode);

    [DllImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static extern int Lock(int fd, int operation);

    [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static extern int Socket(int domain, int type, int protocol);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    public static extern int Close(int fd);

    [DllImport("libc", EntryPoint = "send", SetLastError = true)]
    public static extern nint Send(int fd, ref byte buffer, nint length, int flags);

    [DllImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static extern nint Receive(int fd, ref byte buffer, nint length, int flags);

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    public static extern int SetNamespace(int fd, int kind);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static extern int Kill(int pid, int signal);

    [DllImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    public static extern uint InterfaceIndex(string name);

    /// <summary>The error of the call just made.</summary>
    public static Win32Exception LastError(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new Win32Exception(error, $"{what}: {Marshal.GetPInvokeErrorMessage(error)}");
    }
}
