namespace Orchestrator.SchemaTool.Go;

/// <summary>A struct of a Go package: its fields in source order, embedded ones included.</summary>
public sealed record GoStruct(string Name, IReadOnlyList<GoField> Fields, IReadOnlyList<string> Markers, bool Deprecated);

/// <summary>A named non-struct type, e.g. <c>type PodPhase string</c> or <c>type ResourceList map[ResourceName]resource.Quantity</c>.</summary>
public sealed record GoNamed(string Name, string Underlying, IReadOnlyList<string> Markers);

/// <summary>
/// One struct field. <see cref="Type"/> is the Go type as written. <see cref="JsonName"/> is empty for <c>json:",inline"</c>.
/// <see cref="Markers"/> are the <c>+marker</c> comment lines without the plus.
/// </summary>
public sealed record GoField(string Name, bool Embedded, string Type, string JsonName, bool OmitEmpty, bool Inline, string Protobuf,
    string PatchStrategy, string PatchMergeKey, IReadOnlyList<string> Markers, bool Deprecated);

/// <summary>One Go package: what it declares, by name, and its files' import aliases (aliases are consistent enough per file).</summary>
public sealed class GoPackage(string path)
{
    /// <summary>Import path, e.g. <c>k8s.io/api/core/v1</c>.</summary>
    public string Path { get; } = path;

    /// <summary>Structs in source order.</summary>
    public List<GoStruct> Structs { get; } = [];

    /// <summary>Named non-struct types by name.</summary>
    public Dictionary<string, GoNamed> Named { get; } = new(StringComparer.Ordinal);

    /// <summary>String constants by the named type they belong to, in source order.</summary>
    public Dictionary<string, List<string>> Constants { get; } = new(StringComparer.Ordinal);

    /// <summary>String constants by their own name.</summary>
    public Dictionary<string, string> ConstantValues { get; } = new(StringComparer.Ordinal);

    /// <summary>Import alias to import path, merged over the package's files.</summary>
    public Dictionary<string, string> Imports { get; } = new(StringComparer.Ordinal);
}
