using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.OpenApi;

/// <summary><c>/openapi/v3</c>: an index of one OpenAPI 3 document per group and version, each addressed with its hash so that clients may keep it.</summary>
public static class OpenApiV3
{
    /// <summary>Media type of the protobuf form as client-go asks for it. Never answer with it: Go's MIME parser rejects the at sign.</summary>
    public const string RequestedProtobufMediaType = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";

    /// <summary>Media type of the protobuf form as every answer names it, and as clients may ask for it too.</summary>
    public const string ProtobufMediaType = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

    private static readonly string[] Produces = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    /// <summary>The document of one group and version over its kinds.</summary>
    public static OpenApiDocument BuildGroup(string group, string version, IReadOnlyList<ResourceKind> kinds, SchemaCatalog catalog, string serverVersion)
    {
        var schemas = new OpenApiSchemas(catalog, v3: true) { GroupVersions = [.. new[] { ("", "v1"), (group, version) }.Distinct()] };
        var served = kinds.Where(k => k.Group == group && k.Version == version).ToList();
        var paths = new JsonObject();
        foreach (var path in ApiPaths.Of(served, schemas.ListOf)) paths[path.Path] = PathItem(path, schemas);
        foreach (var kind in VirtualKinds.All.Where(k => k.Group == group && k.Version == version)) schemas.Require(kind.SchemaName);
        return OpenApiDocument.Of(new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = serverVersion },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.Collected },
        });
    }

    /// <summary>A group version's document in its protobuf form. Throws <see cref="GnosticFormatException"/> where it was made of another server's, which has what that cannot say.</summary>
    public static byte[] ToProtobuf(OpenApiDocument document) => GnosticV3.Write(document.Parse());

    /// <summary>Path of a group and version below <c>/openapi/v3/</c>: <c>api/v1</c>, <c>apis/apps/v1</c>.</summary>
    public static string PathOf(string group, string version) => group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";

    /// <summary>The index; <paramref name="hashes"/> maps paths (see <see cref="PathOf"/>) to the hashes of their documents.</summary>
    public static OpenApiDocument BuildIndex(IEnumerable<KeyValuePair<string, string>> hashes) => OpenApiDocument.Of(new JsonObject
    {
        ["paths"] = new JsonObject(hashes.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d =>
            KeyValuePair.Create(d.Key, (JsonNode?)new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{d.Key}?hash={d.Value}" }))),
    });

    private static JsonObject PathItem(ApiPath path, OpenApiSchemas schemas)
    {
        var item = new JsonObject();
        foreach (var operation in path.Operations) item[operation.Method] = Operation(operation, path, schemas);
        item["parameters"] = new JsonArray([.. path.Parameters.Select(p => (JsonNode)Parameter(p, path.Path.Contains($"{{{p.Name}}}", StringComparison.Ordinal)))]);
        return item;
    }

    private static JsonObject Operation(ApiOperation operation, ApiPath path, OpenApiSchemas schemas)
    {
        var json = new JsonObject
        {
            ["tags"] = new JsonArray(path.Tag),
            ["description"] = operation.Description,
            ["operationId"] = operation.Id,
        };
        if (operation.Query.Count > 0) json["parameters"] = new JsonArray([.. operation.Query.Select(q => (JsonNode)Parameter(q, inPath: false))]);
        if (operation.Body.Length > 0)
        {
            json["requestBody"] = new JsonObject { ["content"] = Content(operation.Consumes, operation.Body, schemas) };
            if (operation.Method != "delete") json["requestBody"]!["required"] = true;
        }
        var ok = new JsonObject { ["description"] = "OK" };
        ok["content"] = operation.Response.Length > 0 ? Content(Produces, operation.Response, schemas)
            : new JsonObject { ["*/*"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" } } };
        json["responses"] = new JsonObject { ["200"] = ok, ["401"] = new JsonObject { ["description"] = "Unauthorized" } };
        json["x-kubernetes-action"] = operation.Action;
        json["x-kubernetes-group-version-kind"] = OpenApiSchemas.GroupVersionKind(operation.Group, operation.Version, operation.Kind);
        return json;
    }

    private static JsonObject Content(IEnumerable<string> media, string schema, OpenApiSchemas schemas) =>
        new(media.Select(m => KeyValuePair.Create(m, (JsonNode?)new JsonObject { ["schema"] = schemas.Reference(schema, null) })));

    private static JsonObject Parameter(ApiParameter parameter, bool inPath)
    {
        var json = new JsonObject
        {
            ["name"] = parameter.Name,
            ["in"] = inPath ? "path" : "query",
            ["description"] = parameter.Description,
            ["schema"] = new JsonObject { ["type"] = parameter.Type, ["uniqueItems"] = true },
        };
        if (inPath) json["required"] = true;
        return json;
    }
}
