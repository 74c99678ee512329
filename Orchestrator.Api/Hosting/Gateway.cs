using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orchestrator.Api.Lists;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Api.Security;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Api.Hosting;

/// <summary>
/// The one request delegate: authenticate, authorise, route; whatever is refused on the way becomes a <c>Status</c>. What it logs names user, verb,
/// object and result, never a body, a header or a query.
/// </summary>
internal sealed partial class Gateway(ApiServices services, Func<string> serverAddress)
{
    private static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    private const string AuditId = "Audit-Id";
    private const int LongestAuditId = 256;

    private readonly ILogger _log = services.Logging.CreateLogger<Gateway>();
    private readonly ResourceRouter _resources = new(services);
    private readonly PathRouter _paths = new(services, serverAddress);

    /// <summary>Serves one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        ApiRequest? request = null;
        var user = UserInfo.Anonymous;
        var (method, began) = (context.Request.Method, services.Time.GetTimestamp());
        services.Metrics.Begin(method);
        context.Response.Headers[AuditId] = context.Request.Headers.TryGetValue(AuditId, out var given) && given.ToString() is { Length: > 0 and <= LongestAuditId } id && id.All(c => c is > ' ' and <= '~') ? id : NewAuditId();
        context.Response.Headers.CacheControl = "no-cache, private";
        try
        {
            request = Parse(context.Request);
            user = Impersonation.Apply(services.Authenticator.Authenticate(context), context.Request.Headers, services.Authorizer);
            Authorize(user, request);
            if (services.Aggregation?.Apis.Find(request.Path) is { } other) await services.Aggregation.Proxy.HandleAsync(context, user, other);
            else await (request.IsResource ? _resources.HandleAsync(context, request, user) : _paths.HandleAsync(context, request, user));
        }
        catch (StatusException refusal)
        {
            await RefuseAsync(context, refusal.Status);
        }
        catch (ListExpiredException expired)
        {
            var status = expired.Status.ToJson();
            status["metadata"]!["continue"] = expired.Continue;
            await ResponseWriter.StatusAsync(context, expired.Status.Code, status);
        }
        catch (BadHttpRequestException bad)
        {
            await RefuseAsync(context, new ApiStatus(bad.StatusCode, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "RequestEntityTooLarge" : "BadRequest", bad.Message));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone: there is nobody to answer.
        }
        catch (Exception defect) when (defect is not OutOfMemoryException)
        {
            LogDefect(_log, defect, user.Name, request?.Verb ?? context.Request.Method, context.Request.Path.Value ?? "");
            await RefuseAsync(context, ApiStatus.InternalError(defect.GetType().Name));
        }
        services.Metrics.End(method, Counted(request), context.Response.StatusCode, services.Time.GetElapsedTime(began));
        LogRequest(_log, user.Name, request?.Verb ?? context.Request.Method, context.Request.Path.Value ?? "", context.Response.StatusCode);
    }

    /// <summary>A random UUID; it is no secret, so it need not cost the kernel's randomness for every request.</summary>
    private static string NewAuditId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.Shared.NextBytes(bytes);
        bytes[6] = (byte)(0x40 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new Guid(bytes, bigEndian: true).ToString();
    }

    private static ApiRequest Parse(HttpRequest request)
    {
        if (!request.QueryString.HasValue) return ApiRequest.Parse(request.Method, request.Path.Value ?? "/", watch: false);
        string? name = null;
        var selector = request.Query.Text("fieldSelector");
        if (selector.Contains("metadata.name=", StringComparison.Ordinal))
        {
            try
            {
                name = FieldSelector.Parse(selector).RequiresExactMatch("metadata.name");
            }
            catch (FormatException e)
            {
                throw ApiStatus.BadRequest(e.Message).AsException();
            }
        }
        return ApiRequest.Parse(request.Method, request.Path.Value ?? "/", request.Query.Flag("watch"), name);
    }

    /// <summary>A request for something that there is: what anybody makes up is not kept.</summary>
    private ApiRequest? Counted(ApiRequest? request)
    {
        if (request is not { IsResource: true } || !Verbs.Contains(request.Verb)) return null;
        if (services.Catalog.Find(request.Group, request.Version, request.Resource) is { } kind) return request.Subresource.Length == 0 || kind.Subresources.Contains(request.Subresource) ? request : null;
        return request.Subresource.Length == 0 && VirtualKinds.Find(request.Group, request.Version, request.Resource) is not null ? request : null;
    }

    private void Authorize(UserInfo user, ApiRequest request)
    {
        var wanted = request.IsResource
            ? new AccessAttributes(request.Verb)
            {
                IsResource = true,
                Group = request.Group,
                Resource = request.Resource,
                Subresource = request.Subresource,
                Namespace = request.Namespace,
                Name = request.Name,
            }
            : new AccessAttributes(request.Verb) { Path = request.Path };
        if (services.Authorizer.Authorize(user, wanted).Allowed) return;
        // Who shows no credentials is asked for some; only the public paths are open to everybody.
        throw (user.IsAuthenticated ? AccessRefusals.Forbidden(user, wanted) : Authenticator.Unauthorized).AsException();
    }

    private static Task RefuseAsync(HttpContext context, ApiStatus status)
    {
        // Once a response has begun, all that is left is to break it off.
        if (!context.Response.HasStarted) return ResponseWriter.StatusAsync(context, status);
        context.Abort();
        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{User} {Verb} {Path}: {Code}")]
    private static partial void LogRequest(ILogger log, string user, string verb, string path, int code);

    [LoggerMessage(Level = LogLevel.Error, Message = "defect while serving {User} {Verb} {Path}")]
    private static partial void LogDefect(ILogger log, Exception defect, string user, string verb, string path);
}
