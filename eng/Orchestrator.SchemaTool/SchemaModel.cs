namespace Orchestrator.SchemaTool;

/// <summary>
/// A resolved type reference in the schema's notation: a scalar (<c>string</c>, <c>bool</c>, <c>int32</c>, <c>int64</c>, <c>double</c>, <c>bytes</c>,
/// <c>time</c>, <c>microtime</c>, <c>duration</c>, <c>quantity</c>, <c>intorstring</c>, <c>raw</c>, <c>fields</c>), a struct's full schema name, or
/// <c>[]X</c> / <c>map[]X</c>; a leading <c>*</c> marks a Go pointer.
/// </summary>
public sealed record TypeRef(string Kind, bool Pointer, TypeRef? Element = null, TypeModel? Struct = null)
{
    /// <summary>The notation described on the type.</summary>
    public override string ToString() => (Pointer ? "*" : "") + Kind switch { "list" => "[]" + Element, "map" => "map[]" + Element, "struct" => Struct!.SchemaName, _ => Kind };
}

/// <summary>One field with everything the algorithms need to know of it.</summary>
public sealed record FieldModel(string GoName, string JsonName, TypeRef Type, bool OmitEmpty, bool Optional, string Protobuf, string PatchStrategy,
    string PatchMergeKey, string ListType, IReadOnlyList<string> ListMapKeys, string StructType, string MapType, IReadOnlyList<string> Enum, string? Default, bool Deprecated,
    IReadOnlyList<int>? ProtobufPath = null);

/// <summary>One struct with inline embeddings flattened (JSON flattens them too).</summary>
public sealed class TypeModel(string package, string schemaName, string name)
{
    /// <summary>Go import path of the declaring package.</summary>
    public string Package { get; } = package;

    /// <summary>Full name, e.g. <c>io.k8s.api.apps.v1.Deployment</c>.</summary>
    public string SchemaName { get; } = schemaName;

    /// <summary>Go name, e.g. <c>Deployment</c>.</summary>
    public string Name { get; } = name;

    /// <summary>Fields in Go order.</summary>
    public List<FieldModel> Fields { get; } = [];

    /// <summary>Whether the type is deprecated upstream.</summary>
    public bool Deprecated { get; set; }

    /// <summary>True when the type carries <c>kind</c> and <c>apiVersion</c> of its own.</summary>
    public bool HasTypeMeta { get; set; }

    /// <summary><c>+structType</c> of the declaration, if any.</summary>
    public string StructType { get; set; } = "";

    /// <summary>Whether the embedded TypeMeta is the first-level kind marker and which group/version the package registers.</summary>
    public string ApiVersion { get; set; } = "";
}
