using System.Runtime.InteropServices;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>rmdir(2) as it is: .NET's own removal enumerates first, and a cgroup's control files cannot be removed.</summary>
internal static class LinuxDirectory
{
    [DllImport("libc", EntryPoint = "rmdir", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int RemoveDirectory(string path);

    /// <summary>True where the directory is gone afterwards.</summary>
    public static bool RemoveEmpty(string path) => RemoveDirectory(path) == 0 || Marshal.GetLastPInvokeError() == 2;
}
