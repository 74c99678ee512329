using System.Text.Json.Nodes;

namespace Orchestrator.Api.Security;

/// <summary>A certificate signing request says who sent it; that is the server's to fill in, whatever the body says.</summary>
internal static class RequesterStamp
{
    /// <summary>The resource.</summary>
    public const string Resource = "certificatesigningrequests.certificates.k8s.io";

    /// <summary>Sets <c>spec.username, uid, groups, extra</c> and removes the status, in place.</summary>
    public static void Apply(JsonObject request, UserInfo user)
    {
        request.Remove("status");
        if (request["spec"] is not JsonObject spec) return;
        foreach (var field in (ReadOnlySpan<string>)["username", "uid", "groups", "extra"]) spec.Remove(field);
        foreach (var (field, value) in user.ToJson()) spec[field] = value?.DeepClone();
    }
}
