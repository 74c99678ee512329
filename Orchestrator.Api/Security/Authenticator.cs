using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Certificates;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Security;

/// <summary>UID of the stored object, or null where there is none: lets tokens die with what they are bound to.</summary>
public delegate string? StoredUid(ResourceKey key);

/// <summary>
/// Finds out who sends a request: a client certificate of the cluster's authority, else a service-account token, else a bootstrap token. Credentials that do not hold
/// are a 401, never a silent anonymous; no credentials at all are <see cref="UserInfo.Anonymous"/>.
/// </summary>
public sealed class Authenticator(CertificateAuthority authority, ServiceAccountTokens tokens, StoredUid storedUid, Func<string, BootstrapToken?> bootstrapToken, TimeProvider time)
{
    private static readonly object CertificateUser = new();
    private const string WebSocketBearer = "base64url.bearer.authorization.k8s.io.";

    /// <summary>401 as upstream words it.</summary>
    public static ApiStatus Unauthorized { get; } = new(401, "Unauthorized", "Unauthorized");

    /// <summary>The request's user. Throws a 401 <see cref="StatusException"/> for invalid credentials.</summary>
    public UserInfo Authenticate(HttpContext context)
    {
        // What is known of the connection comes first: to ask for the certificate costs more.
        var items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is not null && items.TryGetValue(CertificateUser, out var known) && known is UserInfo user) return user;
        if (context.Connection.ClientCertificate is { } certificate) return FromCertificate(certificate, items);
        if (BearerToken(context.Request) is { } token) return FromToken(token, []) ?? throw Unauthorized.AsException();
        return UserInfo.Anonymous;
    }

    /// <summary>The user of a token meant for one of the audiences, or null. Account and bound pod or secret must still exist with the UIDs the token names.</summary>
    public UserInfo? FromToken(string token, IReadOnlyList<string> audiences) =>
        BootstrapToken.Parse(token) is { } parts ? FromBootstrapToken(parts.Id, parts.Secret) : VerifyToken(token, audiences)?.ToUser();

    /// <summary>As <see cref="FromToken"/>, with the claims themselves.</summary>
    public TokenClaims? VerifyToken(string token, IReadOnlyList<string> audiences)
    {
        if (tokens.Verify(token, audiences) is not { } claims) return null;
        if (storedUid(new ResourceKey("serviceaccounts", claims.Namespace, claims.ServiceAccount)) != claims.ServiceAccountUid) return null;
        if (claims.Bound is not { } bound) return claims;
        var resource = bound.Kind == "Pod" ? "pods" : "secrets";
        return storedUid(new ResourceKey(resource, claims.Namespace, bound.Name)) == bound.Uid ? claims : null;
    }

    private UserInfo? FromBootstrapToken(string id, string secret) => bootstrapToken(id) is { } token && token.Accepts(secret, time.GetUtcNow())
        ? new UserInfo($"system:bootstrap:{id}", [SigningRules.Bootstrappers, .. token.Groups, UserInfo.Authenticated])
        : null;

    // The chain is checked once per connection: it costs as much as the handshake.
    private UserInfo FromCertificate(X509Certificate2 certificate, IDictionary<object, object?>? items)
    {
        if (!authority.IsValidClient(certificate)) throw Unauthorized.AsException();
        var (name, groups) = SubjectNames.Read(certificate.SubjectName);
        if (name.Length == 0) throw Unauthorized.AsException();
        var user = new UserInfo(name, [.. groups, UserInfo.Authenticated]);
        if (items is not null) items[CertificateUser] = user;
        return user;
    }

    private static string? BearerToken(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return header["Bearer ".Length..].Trim();
        // Browsers cannot set headers on a WebSocket; Kubernetes takes the token as a subprotocol.
        foreach (var protocol in request.Headers.SecWebSocketProtocol.SelectMany(h => (h ?? "").Split(',', StringSplitOptions.TrimEntries)))
            if (protocol.StartsWith(WebSocketBearer, StringComparison.Ordinal) && System.Buffers.Text.Base64Url.IsValid(protocol.AsSpan(WebSocketBearer.Length)))
                return System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(protocol.AsSpan(WebSocketBearer.Length)));
        return null;
    }
}
