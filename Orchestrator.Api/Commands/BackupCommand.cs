using System.Security.Cryptography.X509Certificates;
using Orchestrator.Api.Backups;
using Orchestrator.Api.LocalCluster;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Persistence.Sql;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator backup</c>: one file from which a cluster goes on, made while it runs or while it is stopped.</summary>
public sealed class BackupCommand(Progress progress, TimeProvider time)
{
    /// <summary>
    /// Writes the file. With a <paramref name="kubeconfig"/> the cluster may be anywhere, and its keys, which never leave its members, are not in the file; else the keys of the directory are.
    /// Throws <see cref="CommandFailure"/>.
    /// </summary>
    public async Task RunAsync(string file, UpOptions options, string? kubeconfig, CancellationToken cancel)
    {
        var directory = new ClusterDirectory(options.Data);
        file = Path.GetFullPath(file);
        if (!Directory.Exists(Path.GetDirectoryName(file))) throw new CommandFailure($"there is no directory {Path.GetDirectoryName(file)}.");
        var journal = file + ".journal";
        try
        {
            var authorityHash = await WriteJournalAsync(journal, directory, options, kubeconfig, cancel);
            var summary = await VerifyAsync(journal, cancel);
            var manifest = new BackupManifest(summary.Ordering, summary.Entities, authorityHash, time.GetUtcNow());
            await BackupFile.WriteAsync(file, manifest, kubeconfig is null ? directory.ClusterId : null, kubeconfig is null ? directory.Pki : null, journal, cancel);
            progress.Done($"{summary.Entities} objects as of resourceVersion {summary.Ordering} are in {file}");
            progress.Say(kubeconfig is null
                ? "The cluster's keys are in it: keep it as secret as them."
                : "The cluster's keys are not in it: it is restored where a member's pki directory is. Without them it is of no use; back them up on a member ('orchestrator backup FILE --data DIR').");
        }
        finally
        {
            System.IO.File.Delete(journal);
        }
    }

    /// <summary>Writes the journal to a file of its own, and returns the hash of the cluster's authority.</summary>
    private async Task<string> WriteJournalAsync(string to, ClusterDirectory directory, UpOptions options, string? kubeconfig, CancellationToken cancel)
    {
        await using var journal = PrivateFile.Create(to);
        using var running = directory.Running();
        if (kubeconfig is not null || running is not null || LocalClusterHost.IsAnythingRunning(directory) || JournalPlace.UserOf(directory) is not null)
        {
            using var api = kubeconfig is null ? ClusterApi.Of(directory) : ClusterApi.Of(kubeconfig);
            progress.Step($"reading the journal of the cluster at {api.Server.Authority}");
            await api.DownloadAsync(BackupEndpoint.Path, journal, cancel);
            return CertificateAuthority.HashOf(api.Authority);
        }
        var authority = Path.Combine(directory.Pki, "ca.crt");
        if (!File.Exists(authority)) throw new CommandFailure($"there is no cluster in {directory.Path}; name another directory with --data, or a cluster elsewhere with --kubeconfig.");
        progress.Step("the cluster is stopped; reading its database");
        await JournalPlace.Of(directory, ClusterConfiguration.Load(options), options.Postgres, time).UseAsync(async database => await database.BackupAsync(journal, cancel), cancel);
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(authority);
        return CertificateAuthority.HashOf(certificate);
    }

    private static async Task<ArchiveSummary> VerifyAsync(string journal, CancellationToken cancel)
    {
        await using var written = File.OpenRead(journal);
        try
        {
            return await SqlJournal.VerifyAsync(written, cancel);
        }
        catch (ArchiveException damaged)
        {
            throw new CommandFailure($"the cluster did not send the whole journal ({damaged.Message}); try again.");
        }
    }
}
