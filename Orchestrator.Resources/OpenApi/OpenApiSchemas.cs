using System.Text.Json.Nodes;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.OpenApi;

/// <summary>
/// Turns schema types into OpenAPI schemas with Kubernetes' extensions (patch strategy, list type, group-version-kind), in the dialect of version 2
/// or 3, and finds what a set of kinds refers to.
/// </summary>
internal sealed class OpenApiSchemas(SchemaCatalog catalog, bool v3)
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    private const string IntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    private const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private const string RawExtension = "io.k8s.apimachinery.pkg.runtime.RawExtension";
    private const string ApiExtensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.";
    private readonly SortedDictionary<string, JsonObject> _schemas = new(StringComparer.Ordinal);

    /// <summary>Kinds the group-versions of which delete options and watch events are listed under.</summary>
    internal IReadOnlyList<(string Group, string Version)> GroupVersions { get; init; } = [("", "v1")];

    /// <summary>All schemas that were asked for and all they refer to, sorted by name.</summary>
    internal JsonObject Collected => new(_schemas.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value)));

    /// <summary>A kind's list type: the declared one, or for a custom kind one made here.</summary>
    internal string ListOf(ResourceKind kind)
    {
        var name = kind.IsCustom ? kind.SchemaName[..^kind.Kind.Length] + kind.ListKind : kind.SchemaName + "List";
        if (catalog.TryFind(name) is not null || _schemas.ContainsKey(name)) return name;
        _schemas[name] = new JsonObject
        {
            ["description"] = $"{kind.Kind} list ({kind.ApiVersion}).",
            ["type"] = "object",
            ["required"] = new JsonArray("items"),
            ["properties"] = new JsonObject
            {
                ["apiVersion"] = new JsonObject { ["type"] = "string", ["description"] = "API version: a text." },
                ["items"] = new JsonObject { ["type"] = "array", ["description"] = $"Items: a list of {kind.Kind} objects.", ["items"] = Reference(kind.SchemaName, null) },
                ["kind"] = new JsonObject { ["type"] = "string", ["description"] = "Kind: a text." },
                ["metadata"] = Reference(Meta + "ListMeta", "Metadata: a ListMeta object."),
            },
            ["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(kind.Group, kind.Version, kind.ListKind)),
        };
        Require(kind.SchemaName);
        Require(Meta + "ListMeta");
        return name;
    }

    /// <summary>Adds a type and everything it refers to.</summary>
    internal void Require(string name)
    {
        if (name.Length == 0 || _schemas.ContainsKey(name)) return;
        if (Special(name) is { } special) { _schemas[name] = special; return; }
        var type = catalog.Find(name);
        _schemas[name] = []; // Types refer to themselves; the place is taken before the fields are visited.
        _schemas[name] = type.OpenApi is { } own ? WithKind(Custom(own), type) : Of(type);
    }

    /// <summary>A reference to a schema, collected too; with a description where version 3 needs a wrapper for it.</summary>
    internal JsonObject Reference(string name, string? description)
    {
        Require(name);
        var reference = new JsonObject { ["$ref"] = (v3 ? "#/components/schemas/" : "#/definitions/") + name };
        if (description is null) return reference;
        if (v3) return new JsonObject { ["description"] = description, ["allOf"] = new JsonArray(reference) };
        reference["description"] = description;
        return reference;
    }

    /// <summary>A custom kind's own schema, in the dialect of this version, with the envelope's metadata by reference.</summary>
    private JsonObject Custom(JsonObject own)
    {
        var schema = v3 ? own.DeepClone().AsObject() : PublishedSchema.ForVersion2(own);
        if (schema["properties"] is JsonObject properties && properties.ContainsKey("metadata")) properties["metadata"] = Reference(Meta + "ObjectMeta", "Standard object's metadata.");
        return schema;
    }

    private JsonObject Of(SchemaType type)
    {
        var schema = new JsonObject { ["description"] = type.Description, ["type"] = "object" };
        // Kubernetes requires what is neither optional nor left out when empty; kind and apiVersion never are.
        var required = type.Fields.Where(f => !f.Optional && !f.OmitEmpty && f.Name is not ("kind" or "apiVersion" or "metadata" or "status")).Select(f => f.Name).Order(StringComparer.Ordinal).ToList();
        if (required.Count > 0) schema["required"] = new JsonArray([.. required.Select(r => (JsonNode)r)]);
        if (type.Fields.Count > 0)
            schema["properties"] = new JsonObject(type.Fields.OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => KeyValuePair.Create(f.Name, (JsonNode?)Property(type, f))));
        if (type.StructType == "atomic") schema["x-kubernetes-map-type"] = "atomic";
        return WithKind(schema, type);
    }

    private JsonObject WithKind(JsonObject schema, SchemaType type)
    {
        if (type.ApiVersion is not { } apiVersion) return schema;
        if (type.ShortName is "DeleteOptions" or "WatchEvent" && type.Name.StartsWith(Meta, StringComparison.Ordinal))
        {
            schema["x-kubernetes-group-version-kind"] = new JsonArray([.. GroupVersions.Select(g => GroupVersionKind(g.Group, g.Version, type.ShortName))]);
            return schema;
        }
        var slash = apiVersion.IndexOf('/');
        schema["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(slash < 0 ? "" : apiVersion[..slash], apiVersion[(slash + 1)..], type.ShortName));
        return schema;
    }

    private JsonObject Property(SchemaType owner, SchemaField field)
    {
        var schema = Value(owner, field.Type, field.Description);
        if (field.Default is { } value) schema["default"] = value.DeepClone();
        if (v3 && field.Enum.Count > 0 && field.Type.Kind == ValueKind.String) schema["enum"] = new JsonArray([.. field.Enum.Select(e => (JsonNode)e)]);
        if (field.ListMapKeys.Count > 0) schema["x-kubernetes-list-map-keys"] = new JsonArray([.. field.ListMapKeys.Select(k => (JsonNode)k)]);
        if (field.ListType is { } list) schema["x-kubernetes-list-type"] = list;
        if ((field.MapType ?? field.StructType) is { } map) schema["x-kubernetes-map-type"] = map;
        if (field.PatchMergeKey is { } key) schema["x-kubernetes-patch-merge-key"] = key;
        if (field.PatchStrategies.Count > 0) schema["x-kubernetes-patch-strategy"] = string.Join(',', field.PatchStrategies);
        return schema;
    }

    private JsonObject Value(SchemaType owner, FieldType type, string? description)
    {
        switch (type.Kind)
        {
            case ValueKind.Struct: return Reference(type.Struct.Name, description);
            case ValueKind.Time: return Reference(Meta + "Time", description);
            case ValueKind.MicroTime: return Reference(Meta + "MicroTime", description);
            case ValueKind.Quantity: return Reference(Quantity, description);
            case ValueKind.IntOrString: return Reference(IntOrString, description);
            case ValueKind.Fields: return Reference(Meta + "FieldsV1", description);
            case ValueKind.Raw: return Reference(owner.Name.StartsWith(ApiExtensions, StringComparison.Ordinal) ? ApiExtensions + "JSON" : RawExtension, description);
        }
        var schema = new JsonObject();
        if (description is not null) schema["description"] = description;
        var (name, format) = type.Kind switch
        {
            ValueKind.Bool => ("boolean", null),
            ValueKind.Int32 => ("integer", "int32"),
            ValueKind.Int64 => ("integer", "int64"),
            ValueKind.Double => ("number", "double"),
            ValueKind.Bytes => ("string", "byte"),
            ValueKind.List => ("array", null),
            ValueKind.Map => ("object", null),
            _ => ("string", (string?)null),
        };
        schema["type"] = name;
        if (format is not null) schema["format"] = format;
        if (type.Kind == ValueKind.List) schema["items"] = Value(owner, type.Element!, null);
        if (type.Kind == ValueKind.Map) schema["additionalProperties"] = Value(owner, type.Element!, null);
        return schema;
    }

    /// <summary>Types whose JSON form is not that of their Go struct.</summary>
    private JsonObject? Special(string name) => name switch
    {
        Meta + "Time" => Scalar("A time in RFC 3339 form, whole seconds.", "string", "date-time"),
        Meta + "MicroTime" => Scalar("A time in RFC 3339 form, microseconds.", "string", "date-time"),
        Meta + "FieldsV1" => Scalar("A set of fields, as nested objects whose keys name fields and list elements.", "object", null),
        Meta + "Patch" => Scalar("A patch document in the form its media type names.", "object", null),
        IntOrString when v3 => new JsonObject
        {
            ["description"] = "A 32-bit number or a text.",
            ["format"] = "int-or-string",
            ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" }),
        },
        IntOrString => Scalar("A 32-bit number or a text.", "string", "int-or-string"),
        Quantity when v3 => new JsonObject
        {
            ["description"] = "An amount such as 500m, 2Gi or 1e3.",
            ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "string" }, new JsonObject { ["type"] = "number" }),
        },
        Quantity => Scalar("An amount such as 500m, 2Gi or 1e3.", "string", null),
        RawExtension => Scalar("An object of any kind.", "object", null),
        ApiExtensions + "JSON" => new JsonObject { ["description"] = "Any JSON value." },
        _ => null,
    };

    private static JsonObject Scalar(string description, string type, string? format)
    {
        var schema = new JsonObject { ["description"] = description, ["type"] = type };
        if (format is not null) schema["format"] = format;
        return schema;
    }

    internal static JsonObject GroupVersionKind(string group, string version, string kind) => new() { ["group"] = group, ["kind"] = kind, ["version"] = version };
}
