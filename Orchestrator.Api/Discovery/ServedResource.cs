using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Discovery;

/// <summary>One group version and its resources, in discovery's order.</summary>
internal sealed record ServedVersion(string Group, string Version)
{
    public List<ServedResource> Resources { get; } = [];

    /// <summary>How much it is preferred.</summary>
    public GroupPriority Priority { get; init; } = GroupPriority.Of(Group, Version);

    /// <summary>Another server serves it.</summary>
    public bool IsAggregated { get; init; }

    /// <summary>What is known of it may be old: its server does not answer.</summary>
    public bool IsStale { get; init; }

    public string GroupVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
}

/// <summary>A subresource as discovery shows it. Group and version are empty where they are the parent's.</summary>
internal sealed record ServedSubresource(string Name, string Group, string Version, string Kind, IReadOnlyList<string> Verbs)
{
    public static ServedSubresource Of(ResourceKind parent, string name)
    {
        var body = VirtualKinds.OfSubresource(name);
        var kind = body?.Kind ?? name switch
        {
            "exec" => "PodExecOptions",
            "attach" => "PodAttachOptions",
            "portforward" => "PodPortForwardOptions",
            "proxy" => $"{parent.Kind}ProxyOptions",
            _ => parent.Kind,
        };
        var foreign = body is not null && (body.Group != parent.Group || body.Version != parent.Version);
        return new ServedSubresource(name, foreign ? body!.Group : "", foreign ? body!.Version : "", kind, VerbsOf(name));
    }

    public JsonObject ToPlainJson(ServedResource parent)
    {
        var json = new JsonObject { ["name"] = $"{parent.Plural}/{Name}", ["singularName"] = "", ["namespaced"] = parent.Namespaced };
        if (Group.Length > 0) json["group"] = Group;
        if (Version.Length > 0) json["version"] = Version;
        json["kind"] = Kind;
        json["verbs"] = ServedResource.Texts(Verbs);
        return json;
    }

    private static IReadOnlyList<string> VerbsOf(string subresource) => subresource switch
    {
        "binding" or "eviction" or "token" => ["create"],
        "log" => ["get"],
        "finalize" => ["update"],
        "exec" or "attach" or "portforward" => ["create", "get"],
        "proxy" => ["create", "delete", "get", "patch", "update"],
        _ => ["get", "patch", "update"],
    };
}

/// <summary>A resource as discovery shows it, stored or virtual.</summary>
internal sealed record ServedResource(string Plural, string Singular, bool Namespaced, string Kind, IReadOnlyList<string> Verbs, IReadOnlyList<string> ShortNames, IReadOnlyList<string> Categories, IReadOnlyList<ServedSubresource> Subresources)
{
    /// <summary>Which kind of which version is stored, as upstream hashes it; empty where nothing is. What migrates stored objects compares it.</summary>
    public string StorageVersionHash { get; init; } = "";

    /// <summary>A stored kind; <paramref name="stored"/> is the version that its objects are stored in.</summary>
    public static ServedResource Of(ResourceKind kind, ResourceKind stored) =>
        new(kind.Plural, kind.Singular, kind.Namespaced, kind.Kind, kind.Verbs, kind.ShortNames, kind.Categories,
            [.. kind.Subresources.Order(StringComparer.Ordinal).Select(s => ServedSubresource.Of(kind, s))])
        {
            StorageVersionHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{stored.Group}/{stored.Version}/{stored.Kind}")).AsSpan(0, 8)),
        };

    public static ServedResource Of(VirtualKind kind) => new(kind.Plural, kind.Singular, kind.Namespaced, kind.Kind, kind.Verbs, kind.ShortNames, [], []);

    public JsonObject ToPlainJson()
    {
        var json = new JsonObject { ["name"] = Plural, ["singularName"] = Singular, ["namespaced"] = Namespaced, ["kind"] = Kind, ["verbs"] = Texts(Verbs) };
        if (ShortNames.Count > 0) json["shortNames"] = Texts(ShortNames);
        if (Categories.Count > 0) json["categories"] = Texts(Categories);
        if (StorageVersionHash.Length > 0) json["storageVersionHash"] = StorageVersionHash;
        return json;
    }

    public JsonObject ToAggregatedJson(ServedVersion of)
    {
        var json = new JsonObject
        {
            ["resource"] = Plural,
            ["responseKind"] = ResponseKind(of.Group, of.Version, Kind),
            ["scope"] = Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = Singular,
            ["verbs"] = Texts(Verbs),
        };
        if (ShortNames.Count > 0) json["shortNames"] = Texts(ShortNames);
        if (Categories.Count > 0) json["categories"] = Texts(Categories);
        if (Subresources.Count > 0)
            json["subresources"] = new JsonArray([.. Subresources.Select(s => (JsonNode)new JsonObject
            {
                ["subresource"] = s.Name,
                ["responseKind"] = ResponseKind(s.Version.Length > 0 ? s.Group : of.Group, s.Version.Length > 0 ? s.Version : of.Version, s.Kind),
                ["verbs"] = Texts(s.Verbs),
            })]);
        return json;
    }

    internal static JsonArray Texts(IReadOnlyList<string> values) => new([.. values.Select(v => (JsonNode)v)]);

    private static JsonObject ResponseKind(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };
}
