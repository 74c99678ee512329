using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Responses;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Security;

/// <summary>Acting as somebody else through <c>Impersonate-User</c>, <c>-Group</c>, <c>-Uid</c> and <c>-Extra-*</c> headers (<c>kubectl --as</c>), where the caller may.</summary>
public static class Impersonation
{
    private const string AuthenticationGroup = "authentication.k8s.io";
    private const string Prefix = "Impersonate-";
    private const string ExtraPrefix = "Impersonate-Extra-";
    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>The user to act as; the caller itself without such headers. Throws 400 where no user is named, 403 where the caller lacks the verb <c>impersonate</c>.</summary>
    public static UserInfo Apply(UserInfo caller, IHeaderDictionary headers, IAuthorizer authorizer)
    {
        if (!IsAsked(headers)) return caller;
        if (!headers.TryGetValue("Impersonate-User", out var users) || users.ToString() is not { Length: > 0 } name)
        {
            if (headers.ContainsKey("Impersonate-Group") || headers.ContainsKey("Impersonate-Uid") || headers.Keys.Any(k => k.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase)))
                throw ApiStatus.BadRequest("requested to impersonate without impersonating a user").AsException();
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
        var uid = headers["Impersonate-Uid"].ToString();
        if (uid.Length > 0) Require(new AccessAttributes("impersonate") { IsResource = true, Group = AuthenticationGroup, Resource = "uids", Name = uid });
        var extra = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (header, values) in headers)
        {
            if (!header.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase)) continue;
            // Keys are percent-encoded, since a header's name holds less than a key may; and lower-case, since its case does not count.
            var key = Uri.UnescapeDataString(header[ExtraPrefix.Length..].ToLowerInvariant());
            extra[key] = [.. values.OfType<string>()];
            foreach (var value in extra[key]) Require(new AccessAttributes("impersonate") { IsResource = true, Group = AuthenticationGroup, Resource = "userextras", Subresource = key, Name = value });
        }
        if (name == UserInfo.Anonymous.Name && groups.Length == 0) groups = [UserInfo.Unauthenticated];
        if (!groups.Contains(UserInfo.Authenticated) && name != UserInfo.Anonymous.Name) groups = [.. groups, UserInfo.Authenticated];
        return new UserInfo(name, groups) { Uid = uid, Extra = extra };

        void Require(AccessAttributes wanted)
        {
            if (!authorizer.Authorize(caller, wanted).Allowed) throw AccessRefusals.Forbidden(caller, wanted).AsException();
        }
    }

    /// <summary>Hardly any request does: one look over the headers is all that it costs the others.</summary>
    private static bool IsAsked(IHeaderDictionary headers)
    {
        foreach (var header in headers)
            if (header.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
