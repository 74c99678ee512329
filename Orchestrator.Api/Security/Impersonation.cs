using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Responses;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Security;

/// <summary>Acting as somebody else through <c>Impersonate-User</c>, <c>-Group</c>, <c>-Uid</c> and <c>-Extra-*</c> headers (<c>kubectl --as</c>), where the caller may.</summary>
public static class Impersonation
{
    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>The user to act as; the caller itself without such headers. Throws 403 where the caller lacks the verb <c>impersonate</c>.</summary>
    public static UserInfo Apply(UserInfo caller, IHeaderDictionary headers, IAuthorizer authorizer)
    {
        if (!headers.TryGetValue("Impersonate-User", out var users) || users.ToString() is not { Length: > 0 } name)
        {
            if (headers.ContainsKey("Impersonate-Group") || headers.ContainsKey("Impersonate-Uid"))
                throw ApiStatus.InternalError("requested to impersonate without impersonating a user").AsException();
            return caller;
        }
        string[] groups = [.. headers["Impersonate-Group"].OfType<string>()];
        var account = name.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal) ? name[ServiceAccountPrefix.Length..].Split(':') : [];
        if (account is [var ns, var accountName])
        {
            Require(new AccessAttributes("impersonate") { IsResource = true, Resource = "serviceaccounts", Namespace = ns, Name = accountName });
            if (groups.Length == 0) groups = ["system:serviceaccounts", $"system:serviceaccounts:{ns}"];
        }
        else
        {
            Require(new AccessAttributes("impersonate") { IsResource = true, Resource = "users", Name = name });
        }
        foreach (var group in headers["Impersonate-Group"].OfType<string>())
            Require(new AccessAttributes("impersonate") { IsResource = true, Resource = "groups", Name = group });
        if (!groups.Contains(UserInfo.Authenticated) && name != UserInfo.Anonymous.Name) groups = [.. groups, UserInfo.Authenticated];
        return new UserInfo(name, groups);

        void Require(AccessAttributes wanted)
        {
            if (!authorizer.Authorize(caller, wanted).Allowed) throw AccessRefusals.Forbidden(caller, wanted).AsException();
        }
    }
}
