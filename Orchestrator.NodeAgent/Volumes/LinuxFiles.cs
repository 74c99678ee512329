using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Orchestrator.NodeAgent.Volumes;

/// <summary>What kind of file a path leads to.</summary>
public enum FileKind
{
    /// <summary>Nothing is there.</summary>
    Missing,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A unix socket.</summary>
    Socket,

    /// <summary>A character device.</summary>
    CharDevice,

    /// <summary>A block device.</summary>
    BlockDevice,

    /// <summary>Something else, e.g. a named pipe.</summary>
    Other,
}

/// <summary>The few file-system calls of Linux that .NET does not offer. Failures are <see cref="IOException"/>s with the system's words.</summary>
public static partial class LinuxFiles
{
    private const int Detach = 2;

    public static void Rename(string from, string to) => Check(rename(from, to), $"rename {from}");

    public static void SetGroup(string path, uint group) => Check(lchown(path, uint.MaxValue, group), $"chown {path}");

    /// <summary>Mounts a file system in memory; no size means the kernel's default, half the memory. Its root has the mode that the kernel gives by default, 1777.</summary>
    public static void MountTmpfs(string path, long? sizeBytes) =>
        Check(mount("tmpfs", path, "tmpfs", 0, sizeBytes is { } size ? $"size={size},mode=1777" : "mode=1777"), $"mount tmpfs on {path}");

    public static bool IsMountPoint(string path) => MountsBelow(path).Contains(path, StringComparer.Ordinal);

    /// <summary>Mount points at and below a directory, deepest first.</summary>
    public static IReadOnlyList<string> MountsBelow(string directory) =>
    [
        .. File.ReadLines("/proc/self/mounts").Select(line => Unescape(line.Split(' ')[1]))
            .Where(m => m == directory || m.StartsWith(directory + "/", StringComparison.Ordinal))
            .OrderByDescending(m => m.Length),
    ];

    /// <summary>Unmounts everything below and removes the tree. Nothing happens where it is gone.</summary>
    public static void RemoveTree(string directory)
    {
        if (!Directory.Exists(directory)) return;
        foreach (var point in MountsBelow(directory)) Check(umount2(point, Detach), $"unmount {point}");
        Directory.Delete(directory, recursive: true);
    }

    public static unsafe FileKind KindOf(string path)
    {
        var buffer = stackalloc byte[256];
        if (statx(-100, path, 0, 1, buffer) != 0) return FileKind.Missing;
        return (*(ushort*)(buffer + 28) & 0xF000) switch
        {
            0x8000 => FileKind.File,
            0x4000 => FileKind.Directory,
            0xC000 => FileKind.Socket,
            0x2000 => FileKind.CharDevice,
            0x6000 => FileKind.BlockDevice,
            _ => FileKind.Other,
        };
    }

    private static string Unescape(string path) =>
        path.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);

    private static void Check(int result, string what)
    {
        if (result != 0) throw new IOException($"{what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string from, string to);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint owner, uint group);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* buffer);
}
