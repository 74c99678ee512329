using System.Globalization;
using Microsoft.AspNetCore.Http;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Api.Requests;

/// <summary>How old a read may be (meta/v1 resourceVersionMatch, with the unset cases resolved).</summary>
public enum Freshness
{
    /// <summary>Everything committed before the request (no resourceVersion).</summary>
    MostRecent,

    /// <summary>Whatever is at hand (resourceVersion 0).</summary>
    Any,

    /// <summary>At least as new as the given resourceVersion.</summary>
    NotOlderThan,

    /// <summary>Exactly the given resourceVersion.</summary>
    Exact,
}

/// <summary>The options of list, watch and deletecollection (meta/v1 ListOptions), checked.</summary>
public sealed record ListOptions
{
    private static readonly string[] Matches = ["Exact", "NotOlderThan"];

    /// <summary>Label selector.</summary>
    public LabelSelector Labels { get; private init; } = LabelSelector.Everything;

    /// <summary>Field selector; every field is one of the kind's.</summary>
    public FieldSelector Fields { get; private init; } = FieldSelector.Everything;

    /// <summary>How fresh the answer must be.</summary>
    public Freshness Freshness { get; private init; }

    /// <summary>The resourceVersion given; 0 for none.</summary>
    public long ResourceVersion { get; private init; }

    /// <summary>Whether a resourceVersion was given at all (also "0").</summary>
    public bool HasResourceVersion { get; private init; }

    /// <summary>Most items per page; 0 for all.</summary>
    public long Limit { get; private init; }

    /// <summary>Token of the next page, or empty.</summary>
    public string Continue { get; private init; } = "";

    /// <summary>Whether bookmarks are wanted.</summary>
    public bool AllowWatchBookmarks { get; private init; }

    /// <summary>Whether a watch starts with the present objects and a marked bookmark; null where not said.</summary>
    public bool? SendInitialEvents { get; private init; }

    /// <summary>When a watch or list ends by itself, or null.</summary>
    public TimeSpan? Timeout { get; private init; }

    /// <summary>Reads the query of a list (or deletecollection, or watch) of a kind. Throws 400, or 422 with causes, as upstream.</summary>
    public static ListOptions Parse(IQueryCollection query, ResourceKind kind, bool watch)
    {
        var version = query.Text("resourceVersion");
        var match = query.Text("resourceVersionMatch");
        var token = query.Text("continue");
        var limit = query.Number("limit") ?? 0;
        bool? initial = query.ContainsKey("sendInitialEvents") ? query.Flag("sendInitialEvents") : null;
        var errors = new FieldErrors();
        if (match.Length > 0 && !watch)
        {
            if (version.Length == 0) errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
            if (token.Length > 0) errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
            if (!Matches.Contains(match)) errors.NotSupported("resourceVersionMatch", match, Matches);
            else if (match == "Exact" && version == "0") errors.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
        if (watch && initial is not null && match != "NotOlderThan") errors.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        if (watch && initial is null && match.Length > 0) errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        if (!watch && initial is not null) errors.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        if (errors.Any) throw ApiStatus.Invalid("ListOptions.meta.k8s.io", "", errors.Causes).AsException();

        var number = ParseVersion(version);
        // A page after the first belongs to its snapshot; an own version would contradict it.
        if (token.Length > 0 && version.Length > 0 && version != "0")
            throw ApiStatus.BadRequest("specifying resource version is not allowed when using continue").AsException();
        return new ListOptions
        {
            Labels = ParseLabels(query.Text("labelSelector")),
            Fields = ParseFields(query.Text("fieldSelector"), kind),
            ResourceVersion = number,
            HasResourceVersion = version.Length > 0,
            Freshness = version.Length == 0 ? Freshness.MostRecent : number == 0 ? Freshness.Any : match == "Exact" || (limit > 0 && match.Length == 0) ? Freshness.Exact : Freshness.NotOlderThan,
            Limit = Math.Max(0, limit),
            Continue = token,
            AllowWatchBookmarks = query.Flag("allowWatchBookmarks"),
            SendInitialEvents = initial,
            Timeout = query.Number("timeoutSeconds") is > 0 and var seconds ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue)) : null,
        };
    }

    /// <summary>Reads a resourceVersion; empty is 0. Throws 400 for what is none.</summary>
    public static long ParseVersion(string version)
    {
        if (version.Length == 0) return 0;
        if (long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        throw ApiStatus.BadRequest($"resourceVersion: Invalid value: \"{version}\": strconv.ParseUint: parsing \"{version}\": invalid syntax").AsException();
    }

    private static LabelSelector ParseLabels(string text)
    {
        try
        {
            return LabelSelector.Parse(text);
        }
        catch (FormatException e)
        {
            throw ApiStatus.BadRequest($"unable to parse requirement: {e.Message}").AsException();
        }
    }

    private static FieldSelector ParseFields(string text, ResourceKind kind)
    {
        FieldSelector fields;
        try
        {
            fields = FieldSelector.Parse(text);
        }
        catch (FormatException e)
        {
            throw ApiStatus.BadRequest(e.Message).AsException();
        }
        if (fields.IsEmpty) return fields;
        var supported = kind.Strategy.SelectableFields([]).Select(f => f.Key).Append("metadata.name").Append("metadata.namespace").ToHashSet(StringComparer.Ordinal);
        return fields.FindUnsupported(supported) is { } unsupported ? throw ApiStatus.BadRequest($"field label not supported: {unsupported}").AsException() : fields;
    }
}
