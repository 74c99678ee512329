using Orchestrator.Api.Security;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Responses;

/// <summary>How a refused access is worded.</summary>
internal static class AccessRefusals
{
    /// <summary>403 in upstream's words.</summary>
    public static ApiStatus Forbidden(UserInfo user, AccessAttributes wanted)
    {
        if (!wanted.IsResource) return new ApiStatus(403, "Forbidden", $"forbidden: User \"{user.Name}\" cannot {wanted.Verb} path \"{wanted.Path}\"");
        var resource = wanted.Subresource.Length == 0 ? wanted.Resource : $"{wanted.Resource}/{wanted.Subresource}";
        var where = wanted.Namespace.Length > 0 ? $"in the namespace \"{wanted.Namespace}\"" : "at the cluster scope";
        var why = $"User \"{user.Name}\" cannot {wanted.Verb} resource \"{resource}\" in API group \"{wanted.Group}\" {where}";
        var groupResource = wanted.Group.Length == 0 ? wanted.Resource : $"{wanted.Resource}.{wanted.Group}";
        return ApiStatus.Forbidden(groupResource, wanted.Name, why);
    }
}
