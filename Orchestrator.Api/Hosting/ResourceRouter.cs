using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Api.Reviews;
using Orchestrator.Api.Security;
using Orchestrator.Api.Subresources;
using Orchestrator.Api.Verbs;
using Orchestrator.Api.Watching;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Hosting;

/// <summary>Finds the endpoint for a request for a resource: by kind, subresource and verb.</summary>
internal sealed class ResourceRouter(ApiServices services)
{
    /// <summary>Serves an authorised request. Throws 404 and 405 in upstream's words.</summary>
    public Task HandleAsync(HttpContext context, ApiRequest request, UserInfo user)
    {
        // As upstream, HEAD is for what is behind a proxy only: a watch or a followed log without a body would never tell its client that it goes on, and hold up what comes next on the connection.
        if (HttpMethods.IsHead(context.Request.Method) && request.Subresource != "proxy") throw ApiStatus.MethodNotAllowed().AsException();
        if (services.Catalog.Find(request.Group, request.Version, request.Resource) is { } kind) return StoredAsync(new ApiCall(context, request, user, kind, services));
        if (VirtualKinds.Find(request.Group, request.Version, request.Resource) is not { } posted || request.Subresource.Length > 0) throw NotServed(request).AsException();
        if (posted.Plural == ComponentStatusEndpoint.Plural) return ComponentStatusEndpoint.HandleAsync(new ApiCall(context, request, user, services.Catalog.Get("nodes"), services));
        if (request.Verb != "create") throw ApiStatus.MethodNotSupported(request.GroupResource, request.Verb).AsException();
        if (posted.Kind != "Binding") return ReviewEndpoints.HandleAsync(context, request, user, posted, services);
        return PodPlacementEndpoints.BindAsync(new ApiCall(context, request, user, services.Catalog.Get("pods"), services));
    }

    /// <summary>404 for a path that no resource has.</summary>
    public static ApiStatus NotServed(ApiRequest request) =>
        new(404, "NotFound", "the server could not find the requested resource") { Kind = request.Resource, Group = request.Group };

    private static Task StoredAsync(ApiCall call)
    {
        var request = call.Request;
        if (call.Kind.Deprecation is { } deprecation) ObjectResponse.AddWarnings(call.Http, [deprecation]);
        // A namespaced object always has a namespace, a cluster-scoped one never (namespaces carry their own name there).
        var needsNamespace = call.Kind.Namespaced && request.Name.Length > 0 && request.Verb is not ("list" or "watch" or "deletecollection");
        if (needsNamespace && request.Namespace.Length == 0) throw NotServed(request).AsException();
        if (!call.Kind.Namespaced && request.Namespace.Length > 0 && call.Kind is not { Group: "", Plural: "namespaces" }) throw NotServed(request).AsException();
        if (request.Subresource.Length > 0)
        {
            if (request.Subresource == WhyEndpoint.Name && call.Kind is { Group: "", Plural: "pods" }) return WhyEndpoint.HandleAsync(call);
            if (!call.Kind.Subresources.Contains(request.Subresource)) throw NotServed(request).AsException();
            return SubresourceAsync(call);
        }
        if (!call.Kind.Verbs.Contains(request.Verb)) throw ApiStatus.MethodNotSupported(call.Kind.GroupResource, request.Verb).AsException();
        return request.Verb switch
        {
            "get" => ReadEndpoints.GetAsync(call),
            "list" => ReadEndpoints.ListAsync(call),
            "watch" => WatchEndpoint.RunAsync(call),
            "create" when request.Name.Length == 0 => WriteEndpoints.CreateAsync(call),
            "update" when request.Name.Length > 0 => WriteEndpoints.UpdateAsync(call),
            "patch" when request.Name.Length > 0 => WriteEndpoints.PatchAsync(call),
            "delete" => DeleteEndpoints.DeleteAsync(call),
            "deletecollection" => DeleteEndpoints.DeleteCollectionAsync(call),
            _ => throw ApiStatus.MethodNotSupported(call.Kind.GroupResource, request.Verb).AsException(),
        };
    }

    private static Task SubresourceAsync(ApiCall call) => (call.Request.Subresource, call.Request.Verb) switch
    {
        ("scale", _) => ScaleEndpoint.HandleAsync(call),
        ("binding", "create") => PodPlacementEndpoints.BindAsync(call),
        ("eviction", "create") => PodPlacementEndpoints.EvictAsync(call),
        ("token", _) => TokenEndpoint.HandleAsync(call),
        ("log", _) => PodStreamEndpoints.LogAsync(call),
        ("exec" or "attach", "get" or "create") => PodStreamEndpoints.CommandAsync(call),
        ("portforward", "get" or "create") => PortForwardEndpoint.HandleAsync(call),
        ("proxy", _) => call.Kind.Plural == "nodes" ? NodeProxyEndpoint.HandleAsync(call) : ProxyEndpoint.HandleAsync(call),
        (_, "get") => ReadEndpoints.GetAsync(call),
        (_, "update") => WriteEndpoints.UpdateAsync(call),
        (_, "patch") => WriteEndpoints.PatchAsync(call),
        _ => throw ApiStatus.MethodNotSupported(call.Kind.GroupResource, call.Request.Verb).AsException(),
    };
}
