using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Certificates;

/// <summary>
/// A bootstrap token as Kubernetes keeps it: Secret <c>kube-system/bootstrap-token-ID</c> of type <c>bootstrap.kubernetes.io/token</c>. It is good for user
/// <c>system:bootstrap:ID</c> in group <c>system:bootstrappers</c>, and no longer than its expiration.
/// </summary>
/// <param name="Id">Six characters; not secret.</param>
/// <param name="Secret">Sixteen characters.</param>
/// <param name="Expires">When it ends; null for never.</param>
/// <param name="ForAuthentication">Whether it may be used to authenticate.</param>
/// <param name="Groups">Further groups of its user.</param>
/// <param name="Description">What it is for.</param>
public sealed partial record BootstrapToken(string Id, string Secret, DateTimeOffset? Expires, bool ForAuthentication, IReadOnlyList<string> Groups, string Description)
{
    /// <summary>Type of the Secrets.</summary>
    public const string Type = "bootstrap.kubernetes.io/token";

    /// <summary>What the Secrets' names begin with.</summary>
    public const string NamePrefix = "bootstrap-token-";

    /// <summary>Their namespace.</summary>
    public const string Namespace = "kube-system";

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary><c>ID.SECRET</c>, as who joins shows it.</summary>
    public string Text => $"{Id}.{Secret}";

    /// <summary>A random one.</summary>
    public static BootstrapToken Create(DateTimeOffset? expires, string description) =>
        new(RandomNumberGenerator.GetString(Alphabet, 6), RandomNumberGenerator.GetString(Alphabet, 16), expires, true, [], description);

    /// <summary>Splits <see cref="Text"/>; null for what is none.</summary>
    public static (string Id, string Secret)? Parse(string text) => Form().Match(text) is { Success: true } match ? (match.Groups[1].Value, match.Groups[2].Value) : null;

    /// <summary>The Secret of a token.</summary>
    public static ResourceKey KeyOf(string id) => new("secrets", Namespace, NamePrefix + id);

    /// <summary>Reads a Secret; null for one that is no usable token.</summary>
    public static BootstrapToken? From(Secret secret)
    {
        if (secret.Type != Type || secret.Metadata.DeletionTimestamp is not null || secret.Data is not { } data) return null;
        var (id, value) = (Text("token-id"), Text("token-secret"));
        if (value.Length == 0 || secret.Metadata.Name != NamePrefix + id) return null;
        DateTimeOffset? expires = null;
        if (Text("expiration") is { Length: > 0 } until)
        {
            // What cannot be read has ended, as upstream has it.
            expires = DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : DateTimeOffset.MinValue;
        }
        var groups = Text("auth-extra-groups").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (!groups.All(g => ExtraGroup().IsMatch(g))) return null;
        return new BootstrapToken(id, value, expires, Text("usage-bootstrap-authentication") == "true", groups, Text("description"));

        string Text(string name) => data.TryGetValue(name, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
    }

    /// <summary>Whether that secret makes its bearer the token's user now.</summary>
    public bool Accepts(string secret, DateTimeOffset now) =>
        ForAuthentication && !HasEnded(now) && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(Secret));

    /// <summary>Whether it is of no use any more.</summary>
    public bool HasEnded(DateTimeOffset now) => Expires is { } end && end <= now;

    /// <summary>The Secret to create.</summary>
    public JsonObject ToSecret()
    {
        var data = new JsonObject
        {
            ["token-id"] = Id,
            ["token-secret"] = Secret,
            ["usage-bootstrap-authentication"] = ForAuthentication ? "true" : "false",
            ["usage-bootstrap-signing"] = "true",
        };
        if (Expires is { } end) data["expiration"] = end.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        if (Groups.Count > 0) data["auth-extra-groups"] = string.Join(',', Groups);
        if (Description.Length > 0) data["description"] = Description;
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject { ["name"] = NamePrefix + Id, ["namespace"] = Namespace },
            ["type"] = Type,
            ["stringData"] = data,
        };
    }

    [GeneratedRegex(@"\A([a-z0-9]{6})\.([a-z0-9]{16})\z")]
    private static partial Regex Form();

    [GeneratedRegex(@"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z")]
    private static partial Regex ExtraGroup();
}
