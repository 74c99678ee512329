using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Api.Security;

/// <summary>The object a token lives and dies with: a pod, or a secret. Kind is <c>Pod</c> or <c>Secret</c>.</summary>
public sealed record BoundObject(string Kind, string Name, string Uid);

/// <summary>What a token is asked for. Node facts are set for pod-bound tokens of a scheduled pod.</summary>
public sealed record TokenRequest(string Namespace, string ServiceAccount, string ServiceAccountUid, IReadOnlyList<string> Audiences, TimeSpan Lifetime)
{
    /// <summary>What the token is bound to, if anything.</summary>
    public BoundObject? Bound { get; init; }

    /// <summary>Name of the pod's node, or empty.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>UID of the pod's node, or empty.</summary>
    public string NodeUid { get; init; } = "";
}

/// <summary>A signed token and its end.</summary>
public sealed record IssuedToken(string Token, DateTimeOffset Expires);

/// <summary>What a valid signature says; whether account and bound object still exist is for the caller to look up.</summary>
public sealed record TokenClaims(string Namespace, string ServiceAccount, string ServiceAccountUid, BoundObject? Bound, string NodeName, string NodeUid, IReadOnlyList<string> Audiences, string Id, DateTimeOffset Expires)
{
    /// <summary>The user that the token authenticates, with Kubernetes' groups and extra keys.</summary>
    public UserInfo ToUser()
    {
        var extra = new Dictionary<string, IReadOnlyList<string>> { ["authentication.kubernetes.io/credential-id"] = [$"JTI={Id}"] };
        if (NodeName.Length > 0) extra["authentication.kubernetes.io/node-name"] = [NodeName];
        if (NodeUid.Length > 0) extra["authentication.kubernetes.io/node-uid"] = [NodeUid];
        if (Bound is { Kind: "Pod" })
        {
            extra["authentication.kubernetes.io/pod-name"] = [Bound.Name];
            extra["authentication.kubernetes.io/pod-uid"] = [Bound.Uid];
        }
        return new UserInfo($"system:serviceaccount:{Namespace}:{ServiceAccount}", ["system:serviceaccounts", $"system:serviceaccounts:{Namespace}", UserInfo.Authenticated]) { Uid = ServiceAccountUid, Extra = extra };
    }
}

/// <summary>
/// Issues and verifies service-account tokens: JWTs signed ES256, with the claims of Kubernetes' bound tokens (<c>sub</c>, <c>aud</c>,
/// <c>kubernetes.io</c> …). Pure: knows keys and clock, nothing of stored objects.
/// </summary>
public sealed class ServiceAccountTokens
{
    /// <summary>Issuer and default audience, as kube-apiserver's default.</summary>
    public const string DefaultIssuer = "https://kubernetes.default.svc.cluster.local";

    private readonly ECDsa _key;
    private readonly TimeProvider _time;
    private readonly string _encodedHeader;

    /// <summary>Tokens of one issuer signed with one P-256 key.</summary>
    public ServiceAccountTokens(ECDsa key, TimeProvider time, string issuer = DefaultIssuer)
    {
        _key = key;
        _time = time;
        Issuer = issuer;
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        (X, Y) = (Base64Url(point.X!), Base64Url(point.Y!));
        KeyId = Base64Url(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
        _encodedHeader = Base64Url(Encoding.UTF8.GetBytes(new JsonObject { ["alg"] = "ES256", ["kid"] = KeyId }.ToJsonString()));
    }

    /// <summary>The <c>iss</c> claim.</summary>
    public string Issuer { get; }

    /// <summary>Identifies the signing key: the SHA-256 of its public part.</summary>
    public string KeyId { get; }

    private string X { get; }

    private string Y { get; }

    /// <summary>Signs a token. No audience means the issuer's own API.</summary>
    public IssuedToken Issue(TokenRequest request)
    {
        var now = _time.GetUtcNow();
        var expires = DateTimeOffset.FromUnixTimeSeconds((now + request.Lifetime).ToUnixTimeSeconds());
        var kubernetes = new JsonObject { ["namespace"] = request.Namespace };
        if (request.NodeName.Length > 0) kubernetes["node"] = Reference(request.NodeName, request.NodeUid);
        if (request.Bound is { } bound) kubernetes[bound.Kind.ToLowerInvariant()] = Reference(bound.Name, bound.Uid);
        kubernetes["serviceaccount"] = Reference(request.ServiceAccount, request.ServiceAccountUid);
        var audiences = request.Audiences.Count > 0 ? request.Audiences : [Issuer];
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = Issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            ["kubernetes.io"] = kubernetes,
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"system:serviceaccount:{request.Namespace}:{request.ServiceAccount}",
        };
        var signed = $"{_encodedHeader}.{Base64Url(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        var signature = _key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return new IssuedToken($"{signed}.{Base64Url(signature)}", expires);
    }

    /// <summary>
    /// The claims of a token that this key signed, that is valid now and meant for one of <paramref name="audiences"/>
    /// (none given: the issuer); null for everything else.
    /// </summary>
    public TokenClaims? Verify(string token, IReadOnlyList<string> audiences)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || !TryDecode(parts[0], out var header) || !TryDecode(parts[1], out var payload) || !TryDecode(parts[2], out var signature)) return null;
        if (ParseObject(header) is not { } head || Text(head["alg"]) != "ES256") return null;
        if (!_key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)) return null;
        if (ParseObject(payload) is not { } claims || Text(claims["iss"]) != Issuer) return null;

        var now = _time.GetUtcNow();
        if (claims["exp"] is not JsonValue exp || !exp.TryGetValue(out long expires) || DateTimeOffset.FromUnixTimeSeconds(expires) <= now) return null;
        // A minute of leeway, as upstream grants: members' clocks differ.
        if (claims["nbf"] is JsonValue nbf && nbf.TryGetValue(out long notBefore) && DateTimeOffset.FromUnixTimeSeconds(notBefore) > now + TimeSpan.FromMinutes(1)) return null;

        IReadOnlyList<string> wanted = audiences.Count > 0 ? audiences : [Issuer];
        var granted = (claims["aud"] as JsonArray ?? []).Select(Text).Where(wanted.Contains).ToList();
        if (granted.Count == 0 || claims["kubernetes.io"] is not JsonObject kubernetes || kubernetes["serviceaccount"] is not JsonObject account) return null;

        BoundObject? bound = null;
        foreach (var kind in (ReadOnlySpan<string>)["Pod", "Secret"])
            if (kubernetes[kind.ToLowerInvariant()] is JsonObject target) bound = new BoundObject(kind, Text(target["name"]), Text(target["uid"]));
        var node = kubernetes["node"] as JsonObject;
        return new TokenClaims(Text(kubernetes["namespace"]), Text(account["name"]), Text(account["uid"]), bound, Text(node?["name"]), Text(node?["uid"]),
            granted, Text(claims["jti"]), DateTimeOffset.FromUnixTimeSeconds(expires));
    }

    /// <summary>The public key as a JSON Web Key Set (<c>/openid/v1/jwks</c>).</summary>
    public JsonObject KeySet() => new()
    {
        ["keys"] = new JsonArray(new JsonObject { ["use"] = "sig", ["kty"] = "EC", ["kid"] = KeyId, ["crv"] = "P-256", ["alg"] = "ES256", ["x"] = X, ["y"] = Y }),
    };

    /// <summary>The OpenID provider document (<c>/.well-known/openid-configuration</c>).</summary>
    public JsonObject Configuration() => new()
    {
        ["issuer"] = Issuer,
        ["jwks_uri"] = $"{Issuer}/openid/v1/jwks",
        ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
    };

    private static JsonObject Reference(string name, string uid) => new() { ["name"] = name, ["uid"] = uid };

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    private static JsonObject? ParseObject(byte[] utf8)
    {
        try
        {
            return JsonNode.Parse(utf8) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Base64Url(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static bool TryDecode(string text, out byte[] bytes)
    {
        bytes = [];
        if (!System.Buffers.Text.Base64Url.IsValid(text)) return false;
        bytes = System.Buffers.Text.Base64Url.DecodeFromChars(text);
        return true;
    }
}
