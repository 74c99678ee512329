using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Extensions;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Lists;

/// <summary>One page of a list: the entries, the version they are exact at, and how it goes on (token empty at the end).</summary>
public sealed record ListPage(IReadOnlyList<ResourceEntry> Entries, long ResourceVersion, string Continue, long? Remaining)
{
    private const int ConvertedAtOnce = 1000;

    private const string TooOld = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, "
        + "or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - "
        + "objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

    /// <summary>Reads a page of a kind, in one namespace or (empty) all. Throws 410, with a fresh token where a continued list's snapshot is gone.</summary>
    public static async ValueTask<ListPage> ReadAsync(ApiServices services, ResourceKind kind, string ns, ListOptions options, CancellationToken cancel)
    {
        var token = options.Continue.Length > 0 ? ContinueToken.Decode(options.Continue) : null;
        await ReadBarrier.WaitAsync(services, options.Freshness, options.ResourceVersion, cancel);
        var resource = kind.StoredAs;
        var (entries, version) = token is null ? First(services, resource, options) : Continued(services, resource, token);

        var scope = token is null ? Scope(entries, ns) : ScopeAfter(entries, ns, token);
        // A list from the cache (resourceVersion 0) is given whole, as upstream: its caller wants everything.
        var limit = options.Freshness == Freshness.Any && token is null ? 0 : options.Limit;
        var matches = kind.IsElsewhere()
            ? await ConvertedAsync(kind, scope, options, limit, services.Client.Services.Converter, cancel)
            : Matching(scope.Select(e => e.As(kind)), options);
        if (limit == 0)
        {
            var all = matches.ToList();
            return new ListPage(all, token is null ? Newest(all, version) : version, "", null);
        }
        using var enumerator = matches.GetEnumerator();
        var page = new List<ResourceEntry>();
        while (page.Count < limit && enumerator.MoveNext()) page.Add(enumerator.Current);
        if (page.Count < limit || !enumerator.MoveNext()) return new ListPage(page, token is null ? Newest(page, version) : version, "", null);

        if (token is null) version = Newest(entries, version);
        services.Snapshots.Keep(resource, version, entries);
        var last = page[^1];
        long? remaining = options.Labels.IsEmpty && options.Fields.IsEmpty ? scope.LongCount() - page.Count : null;
        return new ListPage(page, version, new ContinueToken(version, last.Namespace, last.Name).Encode(), remaining);
    }

    /// <summary>Whether an object is selected.</summary>
    public static bool Selects(ListOptions options, ResourceEntry entry) =>
        (options.Labels.IsEmpty || options.Labels.Matches(entry.Labels)) && (options.Fields.IsEmpty || options.Fields.Matches(entry.Fields));

    private static (SortedEntries Entries, long Version) First(ApiServices services, string resource, ListOptions options)
    {
        var (entries, version) = services.Cache.Snapshot(resource);
        if (options.Freshness != Freshness.Exact || options.ResourceVersion == version) return (entries, version);
        if (services.Snapshots.Find(resource, options.ResourceVersion) is { } kept) return (kept, options.ResourceVersion);
        // The present state is the state of then where nothing of this resource has changed since.
        if (UnchangedSince(services, resource, options.ResourceVersion)) return (entries, options.ResourceVersion);
        throw ApiStatus.Expired("The resourceVersion for the provided list is too old.").AsException();
    }

    private static (SortedEntries Entries, long Version) Continued(ApiServices services, string resource, ContinueToken token)
    {
        if (token.Version == ContinueToken.Inconsistent) return services.Cache.Snapshot(resource);
        if (services.Snapshots.Find(resource, token.Version) is { } kept) return (kept, token.Version);
        if (UnchangedSince(services, resource, token.Version)) return (services.Cache.List(resource), token.Version);
        throw new ListExpiredException(ApiStatus.Expired(TooOld), (token with { Version = ContinueToken.Inconsistent }).Encode());
    }

    private static bool UnchangedSince(ApiServices services, string resource, long version)
    {
        if (version > services.Cache.Head) return false;
        try
        {
            return !services.Cache.Watch(resource, version).TryNext(out _);
        }
        catch (StatusException e) when (e.Status.Code == 410)
        {
            return false;
        }
    }

    private static IEnumerable<ResourceEntry> Scope(SortedEntries entries, string ns) => ns.Length == 0 ? entries : entries.InNamespace(ns);

    private static IEnumerable<ResourceEntry> ScopeAfter(SortedEntries entries, string ns, ContinueToken token)
    {
        var rest = entries.After(token.Namespace, token.Name);
        return ns.Length == 0 ? rest : rest.TakeWhile(e => e.Namespace == ns);
    }

    private static IEnumerable<ResourceEntry> Matching(IEnumerable<ResourceEntry> entries, ListOptions options) =>
        options.Labels.IsEmpty && options.Fields.IsEmpty ? entries : entries.Where(e => Selects(options, e));

    /// <summary>What is selected is decided on what the client sees: what a webhook shows is asked for in groups, until there is one more than the page takes.</summary>
    private static async ValueTask<IReadOnlyList<ResourceEntry>> ConvertedAsync(ResourceKind kind, IEnumerable<ResourceEntry> entries, ListOptions options, long limit, IObjectConverter converter, CancellationToken cancel)
    {
        var matches = new List<ResourceEntry>();
        foreach (var group in entries.Chunk(limit is > 0 and < ConvertedAtOnce ? (int)limit + 1 : ConvertedAtOnce))
        {
            matches.AddRange(Matching(await group.AsAsync(kind, converter, cancel), options));
            if (limit > 0 && matches.Count > limit) break;
        }
        return matches;
    }

    // A snapshot taken while a group of rows is being folded may hold rows beyond the head; the state is exact at the newest of them.
    private static long Newest(IEnumerable<ResourceEntry> entries, long version)
    {
        foreach (var entry in entries)
            if (entry.ResourceVersion > version) version = entry.ResourceVersion;
        return version;
    }
}

/// <summary>410 for a continued list, with the token that goes on in the present state.</summary>
public sealed class ListExpiredException(ApiStatus status, string @continue) : Exception(status.Message)
{
    /// <summary>The refusal.</summary>
    public ApiStatus Status { get; } = status;

    /// <summary>Goes into the Status's <c>metadata.continue</c>.</summary>
    public string Continue { get; } = @continue;
}
