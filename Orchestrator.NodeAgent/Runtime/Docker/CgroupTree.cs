namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// Pods' cgroups. The engine makes a container's parent cgroups but never removes them, so the runtime does when the sandbox goes. Paths as the kubelet names
/// them (<c>/kubepods/burstable/pod&lt;uid&gt;</c>), translated to slices where the engine uses systemd.
/// </summary>
internal static class CgroupTree
{
    public const string Root = "/sys/fs/cgroup";

    /// <summary>What the engine must be told for a cgroup path: the path itself, or for systemd the slice, e.g. <c>kubepods-burstable-podab_cd.slice</c>.</summary>
    public static string ForDriver(string path, string? driver) => driver == "systemd"
        ? string.Join('-', path.Trim('/').Split('/').Select(part => part.Replace('-', '_'))) + ".slice"
        : path;

    /// <summary>A container's own cgroup below <see cref="Root"/>; without a parent the engine has a default one.</summary>
    public static string OfContainer(string? parent, string containerId, string? driver)
    {
        if (driver != "systemd")
        {
            return $"{parent ?? "/docker"}/{containerId}";
        }

        return $"{(parent is null ? "/system.slice" : OfPod(parent, driver))}/docker-{containerId}.scope";
    }

    /// <summary>A pod's cgroup below <see cref="Root"/>, from the path that the engine was told for it.</summary>
    public static string OfPod(string parent, string? driver)
    {
        if (driver != "systemd")
        {
            return parent;
        }

        // a-b-c.slice lies in a-b.slice, which lies in a.slice
        var slice = ForDriver(parent, driver);
        var path = "";
        for (var dash = slice.IndexOf('-'); dash > 0; dash = slice.IndexOf('-', dash + 1))
        {
            path += $"/{slice[..dash]}.slice";
        }

        return $"{path}/{slice}";
    }

    /// <summary>Removes an empty cgroup from every hierarchy; one that is not there or not empty stays as it is (its last process may still be ending).</summary>
    public static void Remove(string path)
    {
        var relative = path.Trim('/');
        if (relative.Length == 0 || relative.Split('/').Contains("..") || !Directory.Exists(Root))
        {
            return;
        }

        // Version 1 has a directory per controller, version 2 only the root itself.
        foreach (var hierarchy in Directory.EnumerateDirectories(Root).Append(Root))
        {
            LinuxDirectory.RemoveEmpty(Path.Combine(hierarchy, relative));
        }
    }
}
