using System.Globalization;
using System.Runtime.InteropServices;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Nodes;

/// <summary>What the machine shows at one moment; sizes in bytes.</summary>
public sealed record NodeFacts
{
    /// <summary>The engine, or null while it does not answer.</summary>
    public RuntimeInfo? Runtime { get; init; }

    /// <summary>Why the engine does not answer.</summary>
    public string RuntimeError { get; init; } = "";

    /// <summary>Why pods cannot be given a network yet; null where they can.</summary>
    public string? NetworkError { get; init; }

    /// <summary>Whether the agent is going down.</summary>
    public bool ShuttingDown { get; init; }

    /// <summary>Processors.</summary>
    public int Cpus { get; init; }

    /// <summary>Memory in the machine.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Memory that can be had without swapping.</summary>
    public long AvailableMemoryBytes { get; init; }

    /// <summary>Size of the file system of the agent's data.</summary>
    public long StorageBytes { get; init; }

    /// <summary>What is free of it.</summary>
    public long AvailableStorageBytes { get; init; }

    /// <summary>Most processes the kernel allows, and how many there are.</summary>
    public (long Max, long Used) Pids { get; init; }

    /// <summary>/etc/machine-id, DMI product UUID, boot id.</summary>
    public (string Machine, string System, string Boot) Ids { get; init; }

    /// <summary>Images on the node.</summary>
    public IReadOnlyList<ImageState> Images { get; init; } = [];

    /// <summary>Reads the machine; nothing of the engine.</summary>
    public static NodeFacts OfMachine(string dataDirectory)
    {
        var memory = File.ReadLines("/proc/meminfo").Select(l => l.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries)).Where(p => p.Length > 1)
            .ToDictionary(p => p[0], p => long.Parse(p[1], CultureInfo.InvariantCulture) * 1024);
        var disk = DiskOf(dataDirectory);
        var threads = File.ReadAllText("/proc/loadavg").Split(' ')[3].Split('/')[1];
        return new NodeFacts
        {
            Cpus = Environment.ProcessorCount,
            MemoryBytes = memory["MemTotal"],
            AvailableMemoryBytes = memory.GetValueOrDefault("MemAvailable", memory["MemTotal"]),
            StorageBytes = disk.Capacity,
            AvailableStorageBytes = disk.Available,
            Pids = (long.Parse(File.ReadAllText("/proc/sys/kernel/pid_max"), CultureInfo.InvariantCulture), long.Parse(threads, CultureInfo.InvariantCulture)),
            Ids = (ReadLine("/etc/machine-id"), ReadLine("/sys/class/dmi/id/product_uuid"), ReadLine("/proc/sys/kernel/random/boot_id")),
        };
    }

    /// <summary>Size and free space in bytes of the file system that holds a directory; zeros where there is no such directory (the engine's may be on another machine).</summary>
    public static (long Capacity, long Available) DiskOf(string directory)
    {
        if (!Directory.Exists(directory)) return (0, 0);
        var drive = new DriveInfo(directory);
        return (drive.TotalSize, drive.AvailableFreeSpace);
    }

    /// <summary>The architecture as Go names it.</summary>
    public static string Architecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    private static string ReadLine(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        }
        catch (UnauthorizedAccessException)
        {
            return "";
        }
    }
}
