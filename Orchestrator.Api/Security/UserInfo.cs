using System.Text.Json.Nodes;

namespace Orchestrator.Api.Security;

/// <summary>Who sends a request, as Kubernetes' authentication.k8s.io/v1 UserInfo.</summary>
public sealed record UserInfo(string Name, IReadOnlyList<string> Groups)
{
    /// <summary>Group of everybody who showed valid credentials.</summary>
    public const string Authenticated = "system:authenticated";

    /// <summary>Group of everybody else.</summary>
    public const string Unauthenticated = "system:unauthenticated";

    /// <summary>Members may do everything.</summary>
    public const string Masters = "system:masters";

    /// <summary>A request without credentials.</summary>
    public static UserInfo Anonymous { get; } = new("system:anonymous", [Unauthenticated]);

    /// <summary>Identity that outlives a name's reuse; empty where there is none.</summary>
    public string Uid { get; init; } = "";

    /// <summary>Further facts, e.g. <c>authentication.kubernetes.io/pod-name</c>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Whether credentials were shown and accepted.</summary>
    public bool IsAuthenticated => !ReferenceEquals(this, Anonymous) && Groups.Contains(Authenticated);

    /// <summary>The object form, fields omitted where empty.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["username"] = Name };
        if (Uid.Length > 0) json["uid"] = Uid;
        json["groups"] = new JsonArray([.. Groups.Select(g => (JsonNode)g)]);
        if (Extra.Count > 0)
        {
            var extra = new JsonObject();
            foreach (var (key, values) in Extra) extra[key] = new JsonArray([.. values.Select(v => (JsonNode)v)]);
            json["extra"] = extra;
        }
        return json;
    }

    /// <summary>Reads <c>username/user, uid, groups, extra</c> of a review's spec.</summary>
    public static UserInfo FromReviewSpec(JsonObject spec)
    {
        var extra = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var (key, values) in spec["extra"] as JsonObject ?? [])
            extra[key] = [.. (values as JsonArray ?? []).Select(v => (string?)v ?? "")];
        return new UserInfo((string?)spec["user"] ?? "", [.. (spec["groups"] as JsonArray ?? []).Select(g => (string?)g ?? "")]) { Uid = (string?)spec["uid"] ?? "", Extra = extra };
    }
}
