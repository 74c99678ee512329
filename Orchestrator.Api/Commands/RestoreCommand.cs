using System.Security.Cryptography.X509Certificates;
using Orchestrator.Api.Backups;
using Orchestrator.Api.LocalCluster;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Persistence.Sql;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator restore</c>: fills an empty directory or database from a backup, or, where that is asked for, puts a stopped cluster back to it.</summary>
public sealed class RestoreCommand(Progress progress, TimeProvider time)
{
    private const string Encryption = "encryption.key";

    /// <summary>
    /// Restores objects and keys. What is there is replaced only with <paramref name="force"/>; former keys are set aside, never removed. Nothing is changed by a backup that is damaged.
    /// Throws <see cref="CommandFailure"/>.
    /// </summary>
    public async Task RunAsync(string file, UpOptions options, bool force, CancellationToken cancel)
    {
        if (!File.Exists(file)) throw new CommandFailure($"there is no file {file}.");
        var directory = new ClusterDirectory(options.Data);
        EnsureStopped(directory);
        PrivateFile.EnsureDirectory(directory.Path);
        var staged = directory.File("restore.journal");
        try
        {
            await using var journal = PrivateFile.Create(staged);
            var backup = await BackupFile.ReadAsync(file, journal, cancel);
            journal.Position = 0;
            var summary = await VerifyAsync(journal, file, cancel);
            journal.Position = 0;
            EnsureKeysFit(backup, directory, force);
            if (options.Postgres is JournalPlace.Local) await new Prerequisites(progress, time).EnsurePostgresAsync(cancel);
            await PlaceIdentityAsync(backup, directory, force, cancel);
            var place = JournalPlace.Of(directory, ClusterConfiguration.Load(options), options.Postgres, time);
            progress.Step($"restoring {summary.Entities} objects of {backup.Manifest.Created.UtcDateTime:yyyy-MM-dd HH:mm} UTC, resourceVersion {summary.Ordering}");
            await FillAsync(place, journal, summary, force, cancel);
            place.RetireEmbedded();
            progress.Done("everything is restored");
            progress.Say(place.IsEmbedded
                ? $"'orchestrator up --data {directory.Path}' starts the cluster."
                : $"'orchestrator up --members 3 --data {directory.Path}{(place.IsLocalServer ? "" : " --postgres …")}' starts the cluster, or 'orchestrator server' its members.");
        }
        finally
        {
            File.Delete(staged);
        }
    }

    private static void EnsureStopped(ClusterDirectory directory)
    {
        using var running = directory.Running();
        if ((running?.Id ?? JournalPlace.UserOf(directory)) is { } pid) throw new CommandFailure($"the cluster on {directory.Path} is running (process {pid}); 'orchestrator down' stops it.");
        if (LocalClusterHost.IsAnythingRunning(directory)) throw new CommandFailure($"members of the cluster on {directory.Path} are running; 'orchestrator down' stops them.");
    }

    private static async Task<ArchiveSummary> VerifyAsync(Stream journal, string file, CancellationToken cancel)
    {
        try
        {
            return await SqlJournal.VerifyAsync(journal, cancel);
        }
        catch (ArchiveException damaged)
        {
            throw new CommandFailure($"{file} cannot be restored: {damaged.Message}");
        }
    }

    /// <summary>With other keys than the backup's, secrets could not be read, and no kubeconfig or token would be good any more.</summary>
    private static void EnsureKeysFit(BackupFile backup, ClusterDirectory directory, bool force)
    {
        var present = Path.Combine(directory.Pki, "ca.crt");
        if (backup.Keys.Count == 0)
        {
            if (!File.Exists(present) || !File.Exists(Path.Combine(directory.Pki, Encryption)))
                throw new CommandFailure($"the backup has no keys (it was made through a kubeconfig): copy the pki directory of one of the cluster's members to {directory.Pki} first.");
            using var authority = X509CertificateLoader.LoadCertificateFromFile(present);
            if (CertificateAuthority.HashOf(authority) != backup.Manifest.AuthorityHash) throw new CommandFailure($"the keys in {directory.Pki} are another cluster's than the backup's.");
        }
        else if (!force && (Differs(present, backup.Keys.GetValueOrDefault("ca.crt")) || Differs(directory.ClusterIdFile, backup.ClusterId is { } id ? System.Text.Encoding.ASCII.GetBytes(id + "\n") : null)))
        {
            throw new CommandFailure($"{directory.Path} is another cluster's; choose an empty directory with --data, or replace what is there with --force.");
        }
    }

    private static bool Differs(string path, byte[]? content) => File.Exists(path) && content is not null && !File.ReadAllBytes(path).AsSpan().SequenceEqual(content);

    private async Task PlaceIdentityAsync(BackupFile backup, ClusterDirectory directory, bool force, CancellationToken cancel)
    {
        if (backup.ClusterId is { } id) await File.WriteAllTextAsync(directory.ClusterIdFile, id + "\n", cancel);
        if (backup.Keys.Count == 0) return;
        if (force && backup.Keys.Any(key => Differs(Path.Combine(directory.Pki, key.Key), key.Value)))
        {
            var aside = $"{directory.Pki}.before-{time.GetUtcNow().UtcDateTime:yyyyMMdd-HHmmss}";
            Directory.Move(directory.Pki, aside);
            progress.Say($"the keys that were in {directory.Pki} are in {aside} now");
        }
        PrivateFile.EnsureDirectory(directory.Pki);
        foreach (var (name, content) in backup.Keys) PrivateFile.Write(Path.Combine(directory.Pki, name), content);
    }

    private async Task FillAsync(JournalPlace place, Stream journal, ArchiveSummary summary, bool force, CancellationToken cancel)
    {
        try
        {
            await place.UseAsync(async database => await database.RestoreAsync(journal, new RestoreOptions { Replace = force, HeadAtLeast = RestoredHead.After(summary.Ordering, time.GetUtcNow()) }, cancel), cancel);
        }
        catch (JournalNotEmptyException)
        {
            throw new CommandFailure("there is a cluster already where the backup is to go; choose an empty directory or database, or replace what is there with --force.");
        }
    }
}
