using System.Security.Cryptography.X509Certificates;

namespace Orchestrator.Api.Security;

/// <summary>
/// The certificate of one control-plane member, for both sides of its connections: user <c>orchestrator:member:ID</c> in group <c>orchestrator:members</c>. It lives in memory:
/// who has the authority's key makes another one at the next start, and long before this one ends.
/// </summary>
internal sealed class MemberCertificate(CertificateAuthority authority, string memberId, IReadOnlyList<string> hosts, TimeProvider time)
{
    /// <summary>What members' names begin with.</summary>
    public const string UserPrefix = "orchestrator:member:";

    /// <summary>Nobody but the authority's own process gets a certificate with this group.</summary>
    public const string Group = "orchestrator:members";

    /// <summary>Whether a certificate's user is a member.</summary>
    public static bool Is(string user, IReadOnlyList<string> groups) => groups.Contains(Group) && user.StartsWith(UserPrefix, StringComparison.Ordinal);

    private readonly Lock _lock = new();
    private X509Certificate2? _current;

    /// <summary>The one to show now.</summary>
    public X509Certificate2 Current()
    {
        lock (_lock)
        {
            // The former one is not disposed of: a handshake may be using it.
            if (_current is null || _current.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime < ClusterPki.RenewBefore)
                _current = authority.IssueMember(UserPrefix + memberId, Group, hosts);
            return _current;
        }
    }
}
