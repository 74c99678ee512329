using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Requests;

/// <summary>meta/v1 DeleteOptions from a body or, where there is none, from the query. Null means not said.</summary>
public sealed record DeleteOptions(long? GracePeriodSeconds, string? Propagation, string? Uid, string? ResourceVersion, bool DryRun)
{
    private static readonly string[] Policies = ["Background", "Foreground", "Orphan"];

    /// <summary>Reads the options; <paramref name="body"/> is the decoded body or null. Throws 400, or 422 with causes.</summary>
    public static DeleteOptions Parse(JsonObject? body, IQueryCollection query)
    {
        if (body is not null && ((string?)body["kind"] is { Length: > 0 } kind and not "DeleteOptions"))
            throw ApiStatus.BadRequest($"the object provided is a {kind}, not DeleteOptions").AsException();
        var grace = body is null ? query.Number("gracePeriodSeconds") : (long?)body["gracePeriodSeconds"];
        var propagation = body is null ? NullIfEmpty(query.Text("propagationPolicy")) : (string?)body["propagationPolicy"];
        var orphan = body is null ? query.ContainsKey("orphanDependents") ? query.Flag("orphanDependents") : null : (bool?)body["orphanDependents"];
        var errors = new FieldErrors();
        if (orphan is not null && propagation is not null) errors.Invalid("propagationPolicy", propagation, "orphanDependents and deletionPropagation cannot be both set");
        else if (propagation is not null && !Policies.Contains(propagation)) errors.NotSupported("propagationPolicy", propagation, [.. Policies, "nil"]);
        if (grace < 0) grace = 1;
        var dryRun = WriteOptions.ParseDryRun(body is null ? query["dryRun"] : new StringValues([.. (body["dryRun"] as JsonArray ?? []).Select(v => (string?)v)]), errors);
        // kubectl puts dryRun into the query too, beside a body.
        if (body is not null && query.ContainsKey("dryRun")) dryRun |= WriteOptions.ParseDryRun(query["dryRun"], errors);
        if (errors.Any) throw ApiStatus.Invalid("DeleteOptions.meta.k8s.io", "", errors.Causes).AsException();
        var preconditions = body?["preconditions"];
        return new DeleteOptions(grace, propagation ?? (orphan is null ? null : orphan.Value ? "Orphan" : "Background"), (string?)preconditions?["uid"], (string?)preconditions?["resourceVersion"], dryRun);
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
