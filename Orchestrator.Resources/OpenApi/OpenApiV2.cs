using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.OpenApi;

/// <summary>
/// <c>/openapi/v2</c>: one Swagger document over every served kind. kubectl before 1.27 validates, explains and merges with it, and asks for the
/// protobuf form.
/// </summary>
public static class OpenApiV2
{
    /// <summary>Media type of the protobuf form as older clients ask for it. Never answer with it: Go's MIME parser rejects the at sign.</summary>
    public const string RequestedProtobufMediaType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    /// <summary>Media type of the protobuf form as newer clients ask for it and as every answer names it.</summary>
    public const string ProtobufMediaType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private static readonly string[] Produces = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    /// <summary>The document over the given kinds, and the parts that other servers serve.</summary>
    public static OpenApiDocument Build(IReadOnlyList<ResourceKind> kinds, SchemaCatalog catalog, string serverVersion, params IReadOnlyList<OpenApiPart> others)
    {
        var json = BuildJson(kinds, catalog, serverVersion);
        foreach (var part in others) part.AddTo(json);
        return OpenApiDocument.Of(json);
    }

    /// <summary>A document's protobuf form. Throws <see cref="GnosticFormatException"/> where another server's part has what that cannot say.</summary>
    public static byte[] ToProtobuf(OpenApiDocument document) => GnosticV2.Write(document.Parse());

    internal static JsonObject BuildJson(IReadOnlyList<ResourceKind> kinds, SchemaCatalog catalog, string serverVersion)
    {
        var schemas = new OpenApiSchemas(catalog, v3: false) { GroupVersions = [.. kinds.Select(k => (k.Group, k.Version)).Distinct().OrderBy(g => g.Group, StringComparer.Ordinal)] };
        var paths = new JsonObject();
        foreach (var path in ApiPaths.Of(kinds, schemas.ListOf)) paths[path.Path] = PathItem(path, schemas);
        foreach (var kind in VirtualKinds.All) schemas.Require(kind.SchemaName);
        return new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = serverVersion },
            ["paths"] = paths,
            ["definitions"] = schemas.Collected,
        };
    }

    private static JsonObject PathItem(ApiPath path, OpenApiSchemas schemas)
    {
        var item = new JsonObject();
        foreach (var operation in path.Operations) item[operation.Method] = Operation(operation, path, schemas);
        item["parameters"] = new JsonArray([.. path.Parameters.Select(p => (JsonNode)Parameter(p, path.Path.Contains($"{{{p.Name}}}", StringComparison.Ordinal)))]);
        return item;
    }

    private static JsonObject Operation(ApiOperation operation, ApiPath path, OpenApiSchemas schemas)
    {
        var parameters = new JsonArray();
        if (operation.Body.Length > 0)
        {
            var body = new JsonObject { ["name"] = "body", ["in"] = "body", ["schema"] = schemas.Reference(operation.Body, null) };
            if (operation.Method != "delete") body["required"] = true;
            parameters.Add(body);
        }
        foreach (var parameter in operation.Query) parameters.Add(Parameter(parameter, inPath: false));
        var ok = new JsonObject { ["description"] = "OK" };
        ok["schema"] = operation.Response.Length > 0 ? schemas.Reference(operation.Response, null) : new JsonObject { ["type"] = "string" };
        var json = new JsonObject
        {
            ["consumes"] = Texts(operation.Consumes),
            ["description"] = operation.Description,
            ["operationId"] = operation.Id,
            ["produces"] = Texts(Produces),
            ["responses"] = new JsonObject { ["200"] = ok, ["401"] = new JsonObject { ["description"] = "Unauthorized" } },
            ["schemes"] = Texts(["https"]),
            ["tags"] = Texts([path.Tag]),
            ["x-kubernetes-action"] = operation.Action,
            ["x-kubernetes-group-version-kind"] = OpenApiSchemas.GroupVersionKind(operation.Group, operation.Version, operation.Kind),
        };
        if (parameters.Count > 0) json["parameters"] = parameters;
        return json;
    }

    private static JsonObject Parameter(ApiParameter parameter, bool inPath)
    {
        var json = new JsonObject
        {
            ["name"] = parameter.Name,
            ["in"] = inPath ? "path" : "query",
            ["description"] = parameter.Description,
            ["type"] = parameter.Type,
            ["uniqueItems"] = true,
        };
        if (inPath) json["required"] = true;
        return json;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];
}
