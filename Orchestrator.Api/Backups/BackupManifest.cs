using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Api.Backups;

/// <summary>What a backup says of itself: its file <c>backup.json</c>.</summary>
/// <param name="ResourceVersion">The moment it is of.</param>
/// <param name="Objects">How many it holds.</param>
/// <param name="AuthorityHash"><c>sha256:…</c> of the authority of the cluster it is of: tells whose keys open it.</param>
/// <param name="Created">When it was made.</param>
internal sealed record BackupManifest(long ResourceVersion, long Objects, string AuthorityHash, DateTimeOffset Created)
{
    private const int Version = 1;
    private const string Kind = "orchestrator-backup";

    /// <summary>Its JSON form.</summary>
    public byte[] ToUtf8() => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["kind"] = Kind,
        ["version"] = Version,
        ["resourceVersion"] = ResourceVersion,
        ["objects"] = Objects,
        ["authority"] = AuthorityHash,
        ["created"] = Created.ToString("O", CultureInfo.InvariantCulture),
    }.ToJsonString() + "\n");

    /// <summary>Reads <see cref="ToUtf8"/> back. Throws <see cref="InvalidDataException"/>.</summary>
    public static BackupManifest Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var json = JsonNode.Parse(utf8) as JsonObject;
            if ((string?)json?["kind"] != Kind) throw new InvalidDataException("this is no backup of Orchestrator's");
            if ((int)json["version"]! is var version && version != Version) throw new InvalidDataException($"the backup has version {version}; this program reads version {Version}");
            return new BackupManifest((long)json["resourceVersion"]!, (long)json["objects"]!, (string)json["authority"]!, DateTimeOffset.Parse((string)json["created"]!, CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NullReferenceException or ArgumentNullException)
        {
            throw new InvalidDataException($"this is no backup of Orchestrator's ({e.Message})", e);
        }
    }
}
