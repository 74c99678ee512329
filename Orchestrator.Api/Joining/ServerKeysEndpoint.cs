using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Responses;
using Orchestrator.Api.Security;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Api.Joining;

/// <summary>Hands out the sealed keys of the very bootstrap token that the request shows; nobody else's, and nothing to who shows none.</summary>
internal static class ServerKeysEndpoint
{
    private const string TokenUser = "system:bootstrap:";

    /// <summary>Answers with the bytes. 404 for a token that was made for nodes only, 409 where nobody can join.</summary>
    public static Task HandleAsync(HttpContext context, UserInfo user, ApiServices services)
    {
        if (services.SharedJournal is null)
        {
            throw new ApiStatus(409, "Conflict",
                "this cluster runs on its embedded database, which one member has for itself; move it to PostgreSQL first ('orchestrator backup', 'orchestrator restore --postgres')").AsException();
        }
        var secret = user.Name.StartsWith(TokenUser, StringComparison.Ordinal) ? services.Cache.Get(BootstrapToken.KeyOf(user.Name[TokenUser.Length..])) : null;
        if (secret?.Read<Secret>().Data is not { } data || !data.TryGetValue(ServerKeys.DataName, out var keys))
            throw new ApiStatus(404, "NotFound", "this token was not made for a server; 'orchestrator token create --server' on a member makes one").AsException();
        return ResponseWriter.BytesAsync(context, StatusCodes.Status200OK, "application/octet-stream", keys);
    }
}
