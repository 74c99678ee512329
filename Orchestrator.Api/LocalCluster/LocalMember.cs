using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Api.Commands;

namespace Orchestrator.Api.LocalCluster;

/// <summary>One member process of a cluster that runs on this machine alone, as <c>members.json</c> has it.</summary>
/// <param name="Id">Stable name among the members.</param>
/// <param name="Pid">Its process; may have ended.</param>
/// <param name="Address">Its own API, beside the one that stands for all.</param>
/// <param name="RemotePort">Where the other members and the agents dial it.</param>
public sealed record LocalMember(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("pid")] int Pid, [property: JsonPropertyName("address")] Uri Address, [property: JsonPropertyName("remotePort")] int RemotePort)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Whether the process lives. A pid that was reused by another program is not taken for it.</summary>
    [JsonIgnore]
    public bool IsRunning => ProcessTable.Runs(Pid, Id);

    /// <summary>What the directory's <c>members.json</c> says; none where there is no such file.</summary>
    public static IReadOnlyList<LocalMember> Read(ClusterDirectory directory)
    {
        var path = directory.File(FileName);
        return File.Exists(path) ? JsonSerializer.Deserialize<List<LocalMember>>(File.ReadAllText(path)) ?? [] : [];
    }

    /// <summary>Replaces the file as a whole: who reads it while members come and go sees one state or the other.</summary>
    public static void Write(ClusterDirectory directory, IReadOnlyList<LocalMember> members)
    {
        var path = directory.File(FileName);
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(members, Indented) + "\n");
        File.Move(path + ".new", path, overwrite: true);
    }

    private const string FileName = "members.json";
}
