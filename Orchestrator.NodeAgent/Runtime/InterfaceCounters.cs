using System.Globalization;

namespace Orchestrator.NodeAgent.Runtime;

/// <summary>The kernel's counters of network interfaces: <c>/proc/PID/net/dev</c>.</summary>
internal static class InterfaceCounters
{
    // What cAdvisor leaves out too: the loopback, and the node's own ends of pods' interfaces.
    private static readonly string[] Ignored = ["lo", "veth", "docker"];

    /// <summary>The interfaces that a process sees; null where it is gone, or lives where this process cannot see it.</summary>
    public static IReadOnlyList<InterfaceUsage>? Of(int pid)
    {
        try
        {
            return Parse(File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/net/dev")));
        }
        catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException or UnauthorizedAccessException or IOException { HResult: InvalidArgument })
        {
            return null;
        }
    }

    /// <summary>Reads the file's lines. Pure.</summary>
    public static IReadOnlyList<InterfaceUsage> Parse(IEnumerable<string> lines)
    {
        var interfaces = new List<InterfaceUsage>();
        foreach (var line in lines)
        {
            // Two lines of headings have no colon; a name may be followed by a number at once.
            if (line.IndexOf(':', StringComparison.Ordinal) is var colon && colon < 0) continue;
            var name = line[..colon].Trim();
            var counts = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (counts.Length < 11 || Array.Exists(Ignored, prefix => name.StartsWith(prefix, StringComparison.Ordinal))) continue;
            interfaces.Add(new InterfaceUsage(name, Number(counts[0]), Number(counts[2]), Number(counts[8]), Number(counts[10])));
        }
        return interfaces;
    }

    private const int InvalidArgument = 22; // EINVAL: the process ended between the open and the read

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
