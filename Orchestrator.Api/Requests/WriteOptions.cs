using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Orchestrator.Api.Security;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Requests;

/// <summary>The options create, update and patch share (meta/v1 CreateOptions, UpdateOptions, PatchOptions).</summary>
public sealed record WriteOptions(bool DryRun, string FieldManager, string FieldValidation, bool Force)
{
    private static readonly string[] Validations = ["Ignore", "Strict", "Warn"];

    /// <summary>Reads the query. Without a field manager the client's program name stands in, as upstream. Throws 422 with causes.</summary>
    public static WriteOptions Parse(HttpRequest request, string kind)
    {
        var query = request.Query;
        var errors = new FieldErrors();
        var dryRun = ParseDryRun(query["dryRun"], errors);
        var validation = query.Text("fieldValidation");
        if (validation.Length > 0 && !Validations.Contains(validation)) errors.NotSupported("fieldValidation", validation, Validations);
        var manager = query.Text("fieldManager");
        if (manager.Length > 128) errors.TooLong("fieldManager", 128);
        if (errors.Any) throw ApiStatus.Invalid(kind, "", errors.Causes).AsException();
        return new WriteOptions(dryRun, manager.Length > 0 ? manager : ManagerOf(request.Headers.UserAgent.ToString()), validation.Length > 0 ? validation : "Warn", query.Flag("force"));
    }

    /// <summary>What goes along with a command.</summary>
    public WriteContext ToContext(UserInfo user) => new(user.Name, FieldManager, DryRun, FieldValidation);

    /// <summary>Reads <c>dryRun</c>: absent, or exactly <c>All</c>.</summary>
    internal static bool ParseDryRun(StringValues values, FieldErrors errors)
    {
        foreach (var value in values)
            if (value != "All" && !string.IsNullOrEmpty(value)) errors.NotSupported("dryRun", value, ["All"]);
        return values.Contains("All");
    }

    // kubectl/v1.32.4 (linux/amd64) kubernetes/… → kubectl
    private static string ManagerOf(string userAgent)
    {
        var slash = userAgent.IndexOf('/');
        var program = slash < 0 ? userAgent : userAgent[..slash];
        return program.Length is 0 or > 128 ? "unknown" : program;
    }
}
