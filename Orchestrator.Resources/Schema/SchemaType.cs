using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Schema;

/// <summary>
/// A type of the API: its fields in Go's order. Built-in types follow Go's rules (unknown fields are dropped, zero values appear or
/// disappear as <c>omitempty</c> says); a custom resource's types (<see cref="IsCustom"/>) keep what was written.
/// </summary>
public sealed class SchemaType(string name, IReadOnlyList<SchemaField> fields)
{
    private readonly SchemaField[] _fields = [.. fields];

    // A plain dictionary: building a frozen one costs more per type than a process ever wins back on these small maps.
    private Dictionary<string, SchemaField>? _byName;

    /// <summary>Full name, e.g. <c>io.k8s.api.apps.v1.Deployment</c>.</summary>
    public string Name { get; } = name;

    /// <summary>Last part of the name, e.g. <c>Deployment</c>.</summary>
    public string ShortName { get; } = name[(name.LastIndexOf('.') + 1)..];

    /// <summary>Version part of the name, e.g. <c>v1</c>.</summary>
    public string Version => Name.Split('.') is { Length: > 1 } parts ? parts[^2] : "";

    /// <summary>Fields in Go's order, embedded structs flattened.</summary>
    public IReadOnlyList<SchemaField> Fields => _fields;

    /// <summary><see cref="Fields"/> for those who go through them for every object.</summary>
    internal ReadOnlySpan<SchemaField> FieldSpan => _fields;

    /// <summary><c>v1</c>, <c>apps/v1</c> for a kind (a type with kind and apiVersion of its own); null for any other type.</summary>
    public string? ApiVersion { get; init; }

    /// <summary><c>atomic</c> when server-side apply owns the struct as a whole; else null.</summary>
    public string? StructType { get; init; }

    /// <summary>Deprecated upstream.</summary>
    public bool Deprecated { get; init; }

    /// <summary>A custom resource's type: values are kept as written, mismatches are left to its validation.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Fields that are not declared are kept (<c>x-kubernetes-preserve-unknown-fields</c>).</summary>
    public bool PreserveUnknown { get; init; }

    /// <summary>For a custom type: the type of undeclared fields (<c>additionalProperties</c>), or null.</summary>
    public FieldType? AdditionalProperties { get; init; }

    /// <summary>For a custom kind: the OpenAPI schema its definition brings, published as it is; null for built-in types.</summary>
    public JsonObject? OpenApi { get; init; }

    /// <summary>Description for OpenAPI.</summary>
    public string Description { get => field ??= $"{FieldDescription.Words(ShortName)}{(ApiVersion is null ? "" : $" ({ApiVersion})")}.{(Deprecated ? " Deprecated." : "")}"; init; }

    /// <summary>The fields that Go writes even where they were never set, and that are therefore always there. None in a custom type.</summary>
    internal IReadOnlyList<SchemaField> AlwaysWritten => field ??= IsCustom ? [] : [.. Fields.Where(f => !f.OmitEmpty || Json.CanonicalJson.AlwaysWritten(f.Type))];

    /// <summary>The field called <paramref name="jsonName"/> (case matters), or null.</summary>
    public SchemaField? Field(string jsonName) => (_byName ??= Fields.ToDictionary(f => f.Name, StringComparer.Ordinal)).GetValueOrDefault(jsonName);
}
