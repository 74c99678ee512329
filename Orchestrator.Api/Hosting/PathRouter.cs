using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Backups;
using Orchestrator.Api.Discovery;
using Orchestrator.Api.Health;
using Orchestrator.Api.Joining;
using Orchestrator.Api.Negotiation;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Api.Security;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Hosting;

/// <summary>Serves the paths that name no resource: discovery, version, health, OpenID documents, the index.</summary>
internal sealed class PathRouter
{
    private static readonly string[] FixedPaths = ["/.well-known/openid-configuration", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/openid/v1/jwks", "/readyz", "/version"];

    private const string OpenApiV3Path = "/openapi/v3";

    private readonly ApiServices _services;
    private readonly DiscoveryDocuments _discovery;
    private readonly OpenApiDocuments _openApi;
    private readonly SchemaEndpoint _schemas;
    private readonly HealthEndpoints _health;

    public PathRouter(ApiServices services, Func<string> serverAddress)
    {
        _services = services;
        _discovery = new DiscoveryDocuments(services.Catalog, serverAddress) { Others = services.Aggregation?.Discovery };
        _openApi = new OpenApiDocuments(services.Catalog) { Others = services.Aggregation?.OpenApi };
        _schemas = new SchemaEndpoint(services.Time);
        var ping = new HealthCheck("ping", () => null);
        _health = new HealthEndpoints([ping], [ping, new HealthCheck("membership", services.MemberProblem), new HealthCheck("shutdown", () => services.Stopping.IsCancellationRequested ? "process is shutting down" : null)]);
    }

    /// <summary>Serves an authorised request; unknown paths get Go's plain 404.</summary>
    public Task HandleAsync(HttpContext context, ApiRequest request, UserInfo user)
    {
        var path = request.Path.Length > 1 ? request.Path.TrimEnd('/') : request.Path;
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            throw ApiStatus.MethodNotAllowed().AsException();
        if (_health.Serves(path)) return _health.HandleAsync(context, path);
        switch (path)
        {
            case "/version": return ResponseWriter.JsonAsync(context, StatusCodes.Status200OK, ServerVersion.ToJson());
            case "/metrics": return ResponseWriter.TextAsync(context, StatusCodes.Status200OK, _services.Metrics.Write());
            case "/": return ResponseWriter.JsonAsync(context, StatusCodes.Status200OK, Index());
            case JoinDocument.AuthorityPath: return ResponseWriter.TextAsync(context, StatusCodes.Status200OK, _services.Client.Services.Options.CaCertificate);
            case JoinDocument.Path when _services.Join is { } join: return ResponseWriter.JsonAsync(context, StatusCodes.Status200OK, join().ToJson());
            case BackupEndpoint.Path when _services.Backup is { } backup: return BackupEndpoint.HandleAsync(context, backup);
            case ServerKeys.Path: return ServerKeysEndpoint.HandleAsync(context, user, _services);
            case "/openid/v1/jwks": return ResponseWriter.JsonAsync(context, StatusCodes.Status200OK, _services.Tokens.KeySet());
            case "/.well-known/openid-configuration": return ResponseWriter.JsonAsync(context, StatusCodes.Status200OK, _services.Tokens.Configuration());
        }
        if (path is "/api" or "/apis" && AggregatedVersion(context.Request.Headers.Accept.ToString()) is { } version) return DocumentAsync(context, _discovery.Aggregated(path, version)!);
        if (_discovery.Plain(path) is { } document) return DocumentAsync(context, document);
        if (path == "/openapi/v2") return _schemas.HandleAsync(context, _openApi.V2());
        if (path == OpenApiV3Path) return _schemas.HandleAsync(context, _openApi.Index());
        if (path.StartsWith($"{OpenApiV3Path}/", StringComparison.Ordinal)) return SchemaAsync(context, path, user);
        return ResponseWriter.TextAsync(context, StatusCodes.Status404NotFound, "404 page not found\n");
    }

    /// <summary>A group version's document of OpenAPI 3: another server's, this one's, or none.</summary>
    private Task SchemaAsync(HttpContext context, string path, UserInfo user)
    {
        var group = path[(OpenApiV3Path.Length + 1)..];
        if (_services.Aggregation is { } aggregation && aggregation.OpenApi.ServerOf(group) is { } other) return aggregation.Proxy.HandleAsync(context, user, other);
        if (_openApi.Group(group) is { } schema) return _schemas.HandleAsync(context, schema, path);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static Task DocumentAsync(HttpContext context, Document document)
    {
        context.Response.Headers.ETag = document.ETag;
        context.Response.Headers.Vary = "Accept";
        context.Response.Headers.CacheControl = "public";
        if (context.Request.Headers.IfNoneMatch == document.ETag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        return ResponseWriter.BytesAsync(context, StatusCodes.Status200OK, document.ContentType, document.Json);
    }

    private static string? AggregatedVersion(string accept)
    {
        if (!accept.Contains("apidiscovery.k8s.io", StringComparison.Ordinal)) return null;
        foreach (var range in MediaRange.Parse(accept))
        {
            if (range.Type != "application/json") continue;
            if (range["as"].Length == 0) return null;
            if (range["as"] == "APIGroupDiscoveryList" && range["g"] == "apidiscovery.k8s.io" && range["v"] is ("v2" or "v2beta1")) return range["v"];
        }
        return null;
    }

    private JsonObject Index() => new() { ["paths"] = new JsonArray([.. _discovery.Paths.Concat(FixedPaths).Order(StringComparer.Ordinal).Select(p => (JsonNode)p)]) };
}
