using System.Globalization;

namespace Orchestrator.NodeAgent.Volumes;

/// <summary>One file of a volume that is written from objects: contents and permission bits.</summary>
public sealed record FileProjection(byte[] Data, int Mode);

/// <summary>
/// Writes a set of files so that readers see all of them change at once, in the layout that programs watch for (upstream: pkg/volume/util/atomic_writer.go):
/// a timestamped directory holds the files, <c>..data</c> points to it, and each visible name points into <c>..data</c>.
/// </summary>
public static class AtomicWriter
{
    private const string DataLink = "..data";

    /// <summary>Makes <paramref name="directory"/> hold exactly <paramref name="payload"/> (relative path → file). True where something was written.</summary>
    /// <param name="directory">The volume's directory; exists.</param>
    /// <param name="payload">Files by relative path.</param>
    /// <param name="group">fsGroup, or null.</param>
    /// <param name="now">Names the new directory.</param>
    public static bool Write(string directory, IReadOnlyDictionary<string, FileProjection> payload, long? group, DateTimeOffset now)
    {
        var link = Path.Combine(directory, DataLink);
        var old = new FileInfo(link).LinkTarget is { } present ? Path.Combine(directory, present) : null;
        if (old is not null && Holds(old, payload, group)) return false;
        var name = now.UtcDateTime.ToString("'..'yyyy_MM_dd_HH_mm_ss.fffffff", CultureInfo.InvariantCulture);
        var fresh = Path.Combine(directory, name);
        Directory.CreateDirectory(fresh);
        SetOwnership(fresh, 0x1ED, group, isDirectory: true);
        foreach (var (path, file) in payload)
        {
            var target = Path.Combine(fresh, path);
            var parent = Path.GetDirectoryName(target)!;
            for (var d = parent; d.Length > fresh.Length; d = Path.GetDirectoryName(d)!)
                if (Directory.CreateDirectory(d) is not null) SetOwnership(d, 0x1ED, group, isDirectory: true);
            File.WriteAllBytes(target, file.Data);
            SetOwnership(target, file.Mode, group, isDirectory: false);
        }
        var temporary = Path.Combine(directory, "..data_tmp");
        File.Delete(temporary);
        File.CreateSymbolicLink(temporary, name);
        LinuxFiles.Rename(temporary, link);
        SyncVisible(directory, [.. payload.Keys.Select(FirstPart)]);
        foreach (var stale in Directory.EnumerateDirectories(directory, "..*").Where(d => d != fresh && Path.GetFileName(d) != DataLink)) Directory.Delete(stale, recursive: true);
        return true;
    }

    private static void SyncVisible(string directory, HashSet<string> names)
    {
        foreach (var name in names)
        {
            var link = Path.Combine(directory, name);
            if (new FileInfo(link).LinkTarget is null) File.CreateSymbolicLink(link, Path.Combine(DataLink, name));
        }
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
            if (entry.LinkTarget is not null && entry.Name != DataLink && !names.Contains(entry.Name)) entry.Delete();
    }

    private static bool Holds(string directory, IReadOnlyDictionary<string, FileProjection> payload, long? group)
    {
        if (!Directory.Exists(directory)) return false;
        var present = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(directory, f)).ToHashSet(StringComparer.Ordinal);
        if (!present.SetEquals(payload.Keys)) return false;
        foreach (var (path, file) in payload)
        {
            var full = Path.Combine(directory, path);
            if (File.GetUnixFileMode(full) != (UnixFileMode)EffectiveMode(file.Mode, group, isDirectory: false) || !File.ReadAllBytes(full).AsSpan().SequenceEqual(file.Data)) return false;
        }
        return true;
    }

    private static void SetOwnership(string path, int mode, long? group, bool isDirectory)
    {
        if (group is { } gid) LinuxFiles.SetGroup(path, (uint)gid);
        File.SetUnixFileMode(path, (UnixFileMode)EffectiveMode(mode, group, isDirectory));
    }

    // With an fsGroup the group may read (0440); directories also pass their group on (setgid) and can be entered (0110).
    private static int EffectiveMode(int mode, long? group, bool isDirectory) => group is null ? mode : mode | 0x120 | (isDirectory ? 0x400 | 0x48 : 0);

    private static string FirstPart(string path) => path.Split('/', 2)[0];
}
