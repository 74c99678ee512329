using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Kinds;

/// <summary>
/// One entry of the catalogue of kinds: everything the generic machinery (gateway, actors, cache, discovery) needs to know of a kind,
/// as data plus one <see cref="KindStrategy"/> of pure functions. A CustomResourceDefinition makes such an entry at run time.
/// </summary>
public sealed record ResourceKind
{
    /// <summary>API group, empty for core.</summary>
    public required string Group { get; init; }

    /// <summary>The version this entry serves, e.g. <c>v1</c>.</summary>
    public required string Version { get; init; }

    /// <summary>Kind, e.g. <c>Deployment</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Kind of a list, e.g. <c>DeploymentList</c>.</summary>
    public string ListKind { get => field ?? Kind + "List"; init; }

    /// <summary>Plural resource name, e.g. <c>deployments</c>.</summary>
    public required string Plural { get; init; }

    /// <summary>Singular name, e.g. <c>deployment</c>.</summary>
    public required string Singular { get; init; }

    /// <summary>kubectl's short names, e.g. <c>deploy</c>.</summary>
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>Categories, e.g. <c>all</c>.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Whether objects live in a namespace.</summary>
    public required bool Namespaced { get; init; }

    /// <summary>Subresources in serving order: <c>status</c>, <c>scale</c>, <c>binding</c>, <c>eviction</c>, <c>log</c>, <c>exec</c>, <c>attach</c>, …</summary>
    public IReadOnlyList<string> Subresources { get; init; } = [];

    /// <summary>Verbs of the main resource as discovery lists them.</summary>
    public IReadOnlyList<string> Verbs { get; init; } = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>Name of the type in the schema, e.g. <c>io.k8s.api.apps.v1.Deployment</c>.</summary>
    public required string SchemaName { get; init; }

    /// <summary>Whether <c>metadata.generation</c> counts spec changes.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Whether a deletion that says nothing about dependents leaves them behind, as kinds do that are older than the garbage collector.</summary>
    public bool OrphansByDefault { get; init; }

    /// <summary>Whether a CustomResourceDefinition brought the kind.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Whether clients see this version; a stored version need not be served.</summary>
    public bool Served { get; init; } = true;

    /// <summary>Warning that every request for this version is answered with, or null.</summary>
    public string? Deprecation { get; init; }

    /// <summary>How objects of this version are stored, or null where they are stored as they are.</summary>
    public KindConversion? Conversion { get; init; }

    /// <summary>What the <c>scale</c> subresource is about, where the kind has one.</summary>
    public ScalePaths Scale { get; init; } = ScalePaths.BuiltIn;

    /// <summary>What names its objects may have. Default: a DNS subdomain.</summary>
    public NameRule NameRule { get; init; } = NameRules.DnsSubdomain;

    /// <summary>The kind's rules.</summary>
    public required KindStrategy Strategy { get; init; }

    /// <summary><c>v1</c> or <c>apps/v1</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary><c>pods</c> or <c>deployments.apps</c>: what <see cref="ResourceKey.Resource"/> holds.</summary>
    public string GroupResource { get => field ??= Group.Length == 0 ? Plural : $"{Plural}.{Group}"; init; }

    /// <summary><c>Pod</c> or <c>Deployment.apps</c>: how validation errors name the kind.</summary>
    public string GroupKind => Group.Length == 0 ? Kind : $"{Kind}.{Group}";

    /// <summary>The resource that objects are stored and listed under: this one, but for a group that shows another group's objects.</summary>
    public string StoredAs { get => field ?? GroupResource; init; }

    /// <summary>The key of an object of this kind.</summary>
    public ResourceKey Key(string ns, string name) => new(StoredAs, Namespaced ? ns : "", name);

    /// <summary>An object's stored bytes as clients of this kind receive them.</summary>
    public ReadOnlyMemory<byte> Present(ReadOnlyMemory<byte> stored) => Conversion is null ? stored : Conversion.Present(stored);
}
