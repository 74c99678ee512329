using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>What this engine on this machine can and cannot do, found out once per connection.</summary>
internal sealed record EngineTraits(string? CgroupDriver, int LowestOomScoreAdj)
{
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;
    private const int CapabilitySysResource = 24;

    /// <summary>The value, or the lowest the engine may set: without CAP_SYS_RESOURCE the kernel refuses to go below what the engine runs with, and the container would not start.</summary>
    public int AllowedOomScoreAdj(int wanted) => Math.Max(wanted, LowestOomScoreAdj);

    /// <summary>The lowest oom_score_adj the engine at the other end of the socket may give its children.</summary>
    public static int ReadLowestOomScoreAdj(Socket engine)
    {
        Span<byte> credentials = stackalloc byte[12]; // struct ucred: pid, uid, gid
        engine.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        var pid = BinaryPrimitives.ReadInt32LittleEndian(credentials);
        try
        {
            return LowestAllowed(File.ReadLines($"/proc/{pid}/status"), File.ReadAllText($"/proc/{pid}/oom_score_adj"));
        }
        catch (IOException)
        {
            return 0; // in another process namespace: nothing known, so nothing special asked for
        }
    }

    internal static int LowestAllowed(IEnumerable<string> processStatus, string oomScoreAdj)
    {
        var effective = processStatus.FirstOrDefault(l => l.StartsWith("CapEff:", StringComparison.Ordinal))?["CapEff:".Length..].Trim();
        return effective is not null && (ulong.Parse(effective, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> CapabilitySysResource & 1) == 1
            ? -1000
            : Math.Max(0, int.Parse(oomScoreAdj, NumberStyles.AllowLeadingSign | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture));
    }
}
