using Orchestrator.Api.Joining;

namespace Orchestrator.Api.Commands;

/// <summary>What the command line of <c>orchestrator server --join</c> says; needed at the first start only.</summary>
/// <param name="Address"><c>HOST:PORT</c> of a member's API.</param>
/// <param name="Token">A bootstrap token that was made for a server.</param>
/// <param name="AuthorityHash"><c>sha256:…</c> of the authority's public key.</param>
/// <param name="Key">Opens the cluster's keys.</param>
public sealed record ServerJoin(string? Address, string? Token, string? AuthorityHash, string? Key)
{
    /// <summary>Gets the cluster's keys into a directory that has none. Throws <see cref="CommandFailure"/>.</summary>
    internal async Task RunAsync(ClusterDirectory directory, ClusterConfiguration configuration, TimeProvider time, CancellationToken cancel)
    {
        if (this is not { Address: { } address, Token: { } token, AuthorityHash: { } hash, Key: { } key })
            throw new CommandFailure("--join, --token, --ca-hash and --server-key belong together; 'orchestrator token create --server' on a member prints the whole command.");
        if (configuration.Member.Postgres is null)
            throw new CommandFailure($"a member needs the cluster's PostgreSQL database: name it in {directory.File(ClusterConfiguration.FileName)} or with --config; hocon/three-members.hocon shows how.");
        try
        {
            var (cluster, keys) = await new ClusterJoin(address, token, hash, time).FetchServerKeysAsync(key, cancel);
            // Members that disagree about these would hand out addresses twice.
            EnsureSame("orchestrator.network.cluster-cidr", configuration.ControlPlane.ClusterCidr.ToString(), cluster.ClusterCidr);
            EnsureSame("orchestrator.network.cluster-domain", configuration.ClusterDomain, cluster.ClusterDomain);
            Security.PrivateFile.EnsureDirectory(directory.Path);
            await File.WriteAllTextAsync(directory.ClusterIdFile, keys.ClusterId + "\n", cancel);
            keys.Write(directory.Pki);
        }
        catch (JoinRefusedException refused)
        {
            throw new CommandFailure(refused.Message);
        }
    }

    private static void EnsureSame(string key, string own, string theirs)
    {
        if (own != theirs) throw new CommandFailure($"{key} is {own} here and {theirs} in the cluster: all members need the same.");
    }
}
