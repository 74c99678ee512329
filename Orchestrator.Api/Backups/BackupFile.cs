using System.Formats.Tar;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.Backups;

/// <summary>
/// A backup as one file: a tar archive of <c>backup.json</c>, the cluster's identity (<c>cluster-id</c> and <c>pki/…</c>, where it was made beside them) and <c>journal.gz</c>. It is as
/// secret as the keys in it: mode 0600.
/// </summary>
internal sealed class BackupFile
{
    private const string ManifestName = "backup.json";
    private const string IdentityName = "cluster-id";
    private const string JournalName = "journal.gz";
    private const string KeysFolder = "pki/";
    private const long LargestSmallFile = 1 << 20;

    private BackupFile(BackupManifest manifest, string? clusterId, IReadOnlyDictionary<string, byte[]> keys) => (Manifest, ClusterId, Keys) = (manifest, clusterId, keys);

    /// <summary>What it says of itself.</summary>
    public BackupManifest Manifest { get; }

    /// <summary>The cluster's id, or null.</summary>
    public string? ClusterId { get; }

    /// <summary>The files of the <c>pki</c> directory by name; none where the backup has no keys.</summary>
    public IReadOnlyDictionary<string, byte[]> Keys { get; }

    /// <summary>Writes the file, as a whole or not at all.</summary>
    public static async Task WriteAsync(string path, BackupManifest manifest, string? clusterId, string? keys, string journal, CancellationToken cancel)
    {
        var part = path + ".part";
        try
        {
            await using (var file = PrivateFile.Create(part))
            {
                await using (var tar = new TarWriter(file, TarEntryFormat.Pax, leaveOpen: true))
                {
                    await AddAsync(tar, ManifestName, new MemoryStream(manifest.ToUtf8()), cancel);
                    if (clusterId is not null) await AddAsync(tar, IdentityName, new MemoryStream(System.Text.Encoding.ASCII.GetBytes(clusterId + "\n")), cancel);
                    foreach (var key in keys is null ? Array.Empty<string>() : Directory.GetFiles(keys).Order(StringComparer.Ordinal).AsEnumerable())
                        await AddAsync(tar, KeysFolder + Path.GetFileName(key), new MemoryStream(await File.ReadAllBytesAsync(key, cancel)), cancel);
                    await using var content = File.OpenRead(journal);
                    await AddAsync(tar, JournalName, content, cancel);
                }
                file.Flush(flushToDisk: true);
            }
            File.Move(part, path, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Reads the file; the journal goes to <paramref name="journal"/>. Throws <see cref="InvalidDataException"/> for what is no whole backup.</summary>
    public static async Task<BackupFile> ReadAsync(string path, Stream journal, CancellationToken cancel)
    {
        BackupManifest? manifest = null;
        string? clusterId = null;
        var (keys, whole) = (new SortedDictionary<string, byte[]>(StringComparer.Ordinal), false);
        try
        {
            await using var file = File.OpenRead(path);
            await using var tar = new TarReader(file);
            while (await tar.GetNextEntryAsync(copyData: false, cancel) is { } entry)
            {
                if (manifest is null && entry.Name != ManifestName) break;
                if (entry.Name == JournalName && entry.DataStream is { } content)
                {
                    await content.CopyToAsync(journal, cancel);
                    whole = true;
                }
                else if (entry.Name == ManifestName) manifest = BackupManifest.Parse(await SmallAsync(entry, cancel));
                else if (entry.Name == IdentityName) clusterId = System.Text.Encoding.ASCII.GetString(await SmallAsync(entry, cancel)).Trim();
                else if (entry.Name.StartsWith(KeysFolder, StringComparison.Ordinal)) keys[KeyName(entry.Name)] = await SmallAsync(entry, cancel);
            }
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException)
        {
            throw new InvalidDataException($"{path} is damaged or no backup of Orchestrator's ({e.Message})", e);
        }
        if (manifest is null || !whole) throw new InvalidDataException($"{path} is cut short or no backup of Orchestrator's");
        return new BackupFile(manifest, clusterId, keys);
    }

    private static async Task AddAsync(TarWriter tar, string name, Stream content, CancellationToken cancel)
    {
        var entry = new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = PrivateFile.OwnerOnly, DataStream = content };
        await tar.WriteEntryAsync(entry, cancel);
    }

    private static async Task<byte[]> SmallAsync(TarEntry entry, CancellationToken cancel)
    {
        if (entry.Length > LargestSmallFile) throw new InvalidDataException($"{entry.Name} of the backup is larger than any of its files can be");
        using var bytes = new MemoryStream();
        if (entry.DataStream is { } content) await content.CopyToAsync(bytes, cancel);
        return bytes.ToArray();
    }

    /// <summary>A name out of an archive never leads out of its folder.</summary>
    private static string KeyName(string entry)
    {
        var name = entry[KeysFolder.Length..];
        return name.Length > 0 && name == Path.GetFileName(name) && name != ".." && name != "." ? name : throw new InvalidDataException($"the backup has a file with the impossible name {entry}");
    }
}
