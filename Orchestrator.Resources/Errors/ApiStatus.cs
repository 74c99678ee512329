using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Errors;

/// <summary>
/// A Kubernetes <c>Status</c> of kind Failure: HTTP code, machine reason, human message and details, worded as
/// k8s.io/apimachinery/pkg/api/errors words them, so that kubectl prints what its users know.
/// </summary>
public sealed record ApiStatus(int Code, string Reason, string Message)
{
    /// <summary>Name of the object the refusal is about, or null.</summary>
    public string? Name { get; init; }

    /// <summary>API group of the object's resource, or null for core or none.</summary>
    public string? Group { get; init; }

    /// <summary>Resource (plural), or kind for validation errors, as upstream fills <c>details.kind</c>.</summary>
    public string? Kind { get; init; }

    /// <summary>UID of the object, or null.</summary>
    public string? Uid { get; init; }

    /// <summary>Field-level causes.</summary>
    public IReadOnlyList<StatusCause> Causes { get; init; } = [];

    /// <summary>Seconds after which a retry makes sense; zero where upstream sends none.</summary>
    public int RetryAfterSeconds { get; init; }

    /// <summary>404 for one named object.</summary>
    public static ApiStatus NotFound(string resource, string name) =>
        Of(404, "NotFound", $"{resource} \"{name}\" not found", resource, name);

    /// <summary>409 for a create whose name is taken.</summary>
    public static ApiStatus AlreadyExists(string resource, string name) =>
        Of(409, "AlreadyExists", $"{resource} \"{name}\" already exists", resource, name);

    /// <summary>409 for a failed precondition or an outdated resourceVersion.</summary>
    public static ApiStatus Conflict(string resource, string name, string why) =>
        Of(409, "Conflict", $"Operation cannot be fulfilled on {resource} \"{name}\": {why}", resource, name);

    /// <summary>422 with one cause per field error; <paramref name="kind"/> is <c>Pod</c> or <c>Deployment.apps</c>.</summary>
    public static ApiStatus Invalid(string kind, string name, IReadOnlyList<StatusCause> causes)
    {
        var texts = causes.Select(c => $"{c.Field}: {c.Message}").Distinct().ToList();
        var text = texts.Count switch { 0 => "", 1 => texts[0], _ => $"[{string.Join(", ", texts)}]" };
        return Of(422, "Invalid", $"{kind} \"{name}\" is invalid: {text}", kind, name) with { Causes = causes };
    }

    /// <summary>403 by authorisation or admission.</summary>
    public static ApiStatus Forbidden(string resource, string name, string why) =>
        Of(403, "Forbidden", name.Length == 0 ? $"{resource} is forbidden: {why}" : $"{resource} \"{name}\" is forbidden: {why}", resource, name);

    /// <summary>400.</summary>
    public static ApiStatus BadRequest(string message) => new(400, "BadRequest", message);

    /// <summary>410 <c>Expired</c>: a resourceVersion or continue token that has left the window.</summary>
    public static ApiStatus Expired(string message) => new(410, "Expired", message);

    /// <summary>405 for a method that no path of this form has, in the words of upstream's HTTP router.</summary>
    public static ApiStatus MethodNotAllowed() => new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");

    /// <summary>405 for a verb that the kind does not have.</summary>
    public static ApiStatus MethodNotSupported(string resource, string verb) =>
        Of(405, "MethodNotAllowed", $"{verb} is not supported on resources of kind \"{resource}\"", resource, "");

    /// <summary>500 for a defect of ours; the message must not leak secrets.</summary>
    public static ApiStatus InternalError(string message) => new(500, "InternalError", $"Internal error occurred: {message}");

    /// <summary>500 in somebody else's words, without a reason: what upstream makes of an error that is no Status.</summary>
    public static ApiStatus Unknown(string message) => new(500, "", message);

    /// <summary>503: try again, for instance while a shard moves.</summary>
    public static ApiStatus ServiceUnavailable(string message) => new(503, "ServiceUnavailable", message) { RetryAfterSeconds = 1 };

    /// <summary>Throws this as an exception.</summary>
    public StatusException AsException() => new(this);

    /// <summary>The <c>Status</c> object as clients receive it.</summary>
    public JsonObject ToJson()
    {
        var details = new JsonObject();
        if (!string.IsNullOrEmpty(Name)) details["name"] = Name;
        if (!string.IsNullOrEmpty(Group)) details["group"] = Group;
        if (!string.IsNullOrEmpty(Kind)) details["kind"] = Kind;
        if (!string.IsNullOrEmpty(Uid)) details["uid"] = Uid;
        if (Causes.Count > 0)
            details["causes"] = new JsonArray([.. Causes.Select(c =>
            {
                var cause = new JsonObject();
                if (c.Reason.Length > 0) cause["reason"] = c.Reason;
                cause["message"] = c.Message;
                if (c.Field.Length > 0) cause["field"] = c.Field;
                return (JsonNode)cause;
            })]);
        if (RetryAfterSeconds > 0) details["retryAfterSeconds"] = RetryAfterSeconds;
        var json = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
        };
        if (Reason.Length > 0) json["reason"] = Reason;
        if (details.Count > 0) json["details"] = details;
        json["code"] = Code;
        return json;
    }

    /// <summary><paramref name="resource"/> may be <c>deployments.apps</c>: the group goes to <see cref="Group"/>, as upstream's details do.</summary>
    private static ApiStatus Of(int code, string reason, string message, string resource, string name)
    {
        var dot = resource.IndexOf('.');
        return new ApiStatus(code, reason, message)
        {
            Name = name,
            Kind = dot < 0 ? resource : resource[..dot],
            Group = dot < 0 ? null : resource[(dot + 1)..],
        };
    }
}
