namespace Orchestrator.Api.Requests;

/// <summary>
/// What a URL asks for, as Kubernetes' RequestInfo: <c>/api/v1/namespaces/{ns}/pods/{name}/{subresource}</c>, <c>/apis/{group}/{version}/…</c>,
/// or a path that names no resource (discovery, health).
/// </summary>
public sealed record ApiRequest
{
    /// <summary>The decoded path.</summary>
    public required string Path { get; init; }

    /// <summary>get, list, watch, create, update, patch, delete, deletecollection; for other paths the lower-case HTTP method.</summary>
    public required string Verb { get; init; }

    /// <summary>Whether the path names a resource.</summary>
    public bool IsResource { get; init; }

    /// <summary>API group, empty for core.</summary>
    public string Group { get; init; } = "";

    /// <summary>API version.</summary>
    public string Version { get; init; } = "";

    /// <summary>Namespace, or empty. For the resource <c>namespaces</c> itself the object's name, as upstream authorises it.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Plural resource name.</summary>
    public string Resource { get; init; } = "";

    /// <summary>Object name, or empty for a collection.</summary>
    public string Name { get; init; } = "";

    /// <summary>Subresource, or empty.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>What follows the subresource (<c>proxy/a/b</c>), with its leading slash; empty where nothing does.</summary>
    public string Rest { get; init; } = "";

    /// <summary><c>pods</c> or <c>deployments.apps</c>.</summary>
    public string GroupResource => Group.Length == 0 ? Resource : $"{Resource}.{Group}";

    /// <summary>Understands a request. <paramref name="watch"/> is whether the query asks to watch, <paramref name="oneByField"/> a name that a field selector pins, or null.</summary>
    public static ApiRequest Parse(string method, string path, bool watch, string? oneByField = null)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var at = 0;
        string group, version;
        switch (parts)
        {
            case ["api", _, _, ..]:
                (group, version, at) = ("", parts[1], 2);
                break;
            case ["apis", _, _, _, ..]:
                (group, version, at) = (parts[1], parts[2], 3);
                break;
            default:
                return new ApiRequest { Path = path, Verb = method.ToLowerInvariant() };
        }

        // The deprecated form /api/v1/watch/…, which old clients still send.
        var watchPath = parts[at] == "watch" && parts.Length > at + 1;
        if (watchPath) at++;

        var ns = "";
        if (parts[at] == "namespaces" && parts.Length > at + 1)
        {
            ns = parts[at + 1];
            // /namespaces/{name}/status and /finalize are subresources of the namespace, not resources in it.
            if (parts.Length > at + 2 && parts[at + 2] is not ("status" or "finalize")) at += 2;
        }
        var resource = parts[at];
        var name = parts.Length > at + 1 ? parts[at + 1] : "";
        var subresource = parts.Length > at + 2 ? parts[at + 2] : "";
        var rest = parts.Length > at + 3 ? "/" + string.Join('/', parts[(at + 3)..]) : "";
        if (rest.Length > 0 && path.EndsWith('/')) rest += "/";
        var collection = name.Length == 0;
        var verb = method switch
        {
            // The query's watch means collections; of a named object it says nothing.
            "GET" or "HEAD" when subresource.Length == 0 && (watchPath || watch && collection) => "watch",
            "GET" or "HEAD" => collection ? "list" : "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => collection ? "deletecollection" : "delete",
            _ => method.ToLowerInvariant(),
        };
        // Listing with metadata.name=x is authorised as access to x.
        if (collection && verb is "list" or "watch" or "deletecollection" && oneByField is not null) name = oneByField;
        return new ApiRequest { Path = path, IsResource = true, Verb = verb, Group = group, Version = version, Namespace = ns, Resource = resource, Name = name, Subresource = subresource, Rest = rest };
    }
}
