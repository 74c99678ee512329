using System.Globalization;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.OpenApi;

/// <summary>The paths and operations of served kinds, as upstream's OpenAPI lists them: collections, objects and subresources.</summary>
internal static class ApiPaths
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
    private static readonly string[] AnyMedia = ["*/*"];
    private static readonly string[] PatchMedia = ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/apply-patch+cbor"];
    private static readonly ApiParameter Pretty = new("pretty", "string", "Whether the answer is indented.");
    private static readonly ApiParameter DryRun = new("dryRun", "string", "\"All\" runs every stage of the write except storing it.");
    private static readonly ApiParameter FieldManager = new("fieldManager", "string", "Name of the writer that will own the fields it sets.");
    private static readonly ApiParameter FieldValidation = new("fieldValidation", "string", "What to do about unknown and duplicate fields: Ignore, Warn or Strict.");
    private static readonly ApiParameter Force = new("force", "boolean", "Lets an apply take fields over from other managers.");

    private static readonly ApiParameter[] Deleting =
    [
        DryRun, new("gracePeriodSeconds", "integer", "Seconds the object may take to end; zero ends it at once."),
        new("orphanDependents", "boolean", "Older form of propagationPolicy."),
        new("propagationPolicy", "string", "What happens to dependents: Orphan, Background or Foreground."),
    ];

    private static readonly ApiParameter[] Listing =
    [
        new("allowWatchBookmarks", "boolean", "Lets a watch send bookmarks."), new("continue", "string", "Token of the next page."),
        new("fieldSelector", "string", "Selects objects by fields."), new("labelSelector", "string", "Selects objects by labels."),
        new("limit", "integer", "Most objects in one answer."), new("resourceVersion", "string", "State to answer from."),
        new("resourceVersionMatch", "string", "How resourceVersion is meant."), new("sendInitialEvents", "boolean", "Begins a watch with the current state."),
        new("timeoutSeconds", "integer", "Longest duration of the request."), new("watch", "boolean", "Streams changes instead of listing."),
    ];

    /// <summary>Every path of the given kinds, sorted. <paramref name="listSchema"/> names a kind's list type.</summary>
    internal static IReadOnlyList<ApiPath> Of(IEnumerable<ResourceKind> kinds, Func<ResourceKind, string> listSchema) =>
        [.. kinds.SelectMany(k => OfKind(k, listSchema(k))).OrderBy(p => p.Path, StringComparer.Ordinal)];

    private static IEnumerable<ApiPath> OfKind(ResourceKind kind, string list)
    {
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.Group}/{kind.Version}";
        var scope = kind.Namespaced ? $"{root}/namespaces/{{namespace}}" : root;
        var id = Pascal(kind.Group.Length == 0 ? "core" : kind.Group.Split('.')[0]) + Pascal(kind.Version);
        var scoped = id + (kind.Namespaced ? "Namespaced" : "") + kind.Kind;
        var tag = $"{(kind.Group.Length == 0 ? "core" : kind.Group.Replace(".k8s.io", "", StringComparison.Ordinal).Replace('.', '_'))}_{kind.Version}";
        IReadOnlyList<ApiParameter> inNamespace = kind.Namespaced ? [new("namespace", "string", "Namespace the object lies in."), Pretty] : [Pretty];
        IReadOnlyList<ApiParameter> named = [new("name", "string", $"Name of the {kind.Kind}."), .. inNamespace];
        bool Can(string verb) => kind.Verbs.Contains(verb, StringComparer.Ordinal);
        ApiOperation Operation(string method, string action, string operationId, string what, IReadOnlyList<ApiParameter> query, string body, string response) =>
            new(method, action, operationId, what, kind.Group, kind.Version, kind.Kind, query, body, method == "patch" ? PatchMedia : AnyMedia, response);

        if (kind.Namespaced && Can("list"))
            yield return new ApiPath($"{root}/{kind.Plural}", tag, [Pretty], [Operation("get", "list", $"list{id}{kind.Kind}ForAllNamespaces", $"Lists or watches every {kind.Kind}.", Listing, "", list)]);

        var collection = new List<ApiOperation>();
        if (Can("list")) collection.Add(Operation("get", "list", $"list{scoped}", $"Lists or watches {kind.Kind} objects.", Listing, "", list));
        if (Can("create")) collection.Add(Operation("post", "post", $"create{scoped}", $"Creates a {kind.Kind}.", [DryRun, FieldManager, FieldValidation], kind.SchemaName, kind.SchemaName));
        if (Can("deletecollection"))
            collection.Add(Operation("delete", "deletecollection", $"delete{id}Collection{(kind.Namespaced ? "Namespaced" : "")}{kind.Kind}", $"Deletes the selected {kind.Kind} objects.", [.. Deleting, .. Listing], $"{Meta}.DeleteOptions", $"{Meta}.Status"));
        if (collection.Count > 0) yield return new ApiPath($"{scope}/{kind.Plural}", tag, inNamespace, collection);

        var single = new List<ApiOperation>();
        if (Can("get")) single.Add(Operation("get", "get", $"read{scoped}", $"Reads a {kind.Kind}.", [], "", kind.SchemaName));
        if (Can("update")) single.Add(Operation("put", "put", $"replace{scoped}", $"Replaces a {kind.Kind}.", [DryRun, FieldManager, FieldValidation], kind.SchemaName, kind.SchemaName));
        if (Can("patch")) single.Add(Operation("patch", "patch", $"patch{scoped}", $"Changes parts of a {kind.Kind}.", [DryRun, FieldManager, FieldValidation, Force], $"{Meta}.Patch", kind.SchemaName));
        if (Can("delete")) single.Add(Operation("delete", "delete", $"delete{scoped}", $"Deletes a {kind.Kind}.", Deleting, $"{Meta}.DeleteOptions", $"{Meta}.Status"));
        if (single.Count > 0) yield return new ApiPath($"{scope}/{kind.Plural}/{{name}}", tag, named, single);

        foreach (var sub in kind.Subresources)
        {
            var url = $"{scope}/{kind.Plural}/{{name}}/{sub}";
            var body = SubresourceBody(kind, sub);
            var operations = new List<ApiOperation>();
            var subId = scoped + Pascal(sub);
            if (body.Length == 0 || sub is not ("binding" or "eviction" or "token"))
                operations.Add(Operation("get", body.Length == 0 ? "connect" : "get", $"{(body.Length == 0 ? "connectGet" : "read")}{subId}", $"Reads {sub} of a {kind.Kind}.", [], "", body));
            if (sub is "binding" or "eviction" or "token")
                operations.Add(Operation("post", "post", $"create{subId}", $"Creates {sub} of a {kind.Kind}.", [DryRun, FieldManager, FieldValidation], body, body));
            else if (body.Length > 0)
            {
                operations.Add(Operation("put", "put", $"replace{subId}", $"Replaces {sub} of a {kind.Kind}.", [DryRun, FieldManager, FieldValidation], body, body));
                operations.Add(Operation("patch", "patch", $"patch{subId}", $"Changes parts of {sub} of a {kind.Kind}.", [DryRun, FieldManager, FieldValidation, Force], $"{Meta}.Patch", body));
            }
            yield return new ApiPath(url, tag, named, operations);
        }
    }

    /// <summary>The type a subresource reads and writes; empty for those that stream or proxy.</summary>
    private static string SubresourceBody(ResourceKind kind, string sub) => sub switch
    {
        "status" or "finalize" or "approval" or "ephemeralcontainers" or "resize" => kind.SchemaName,
        "scale" => "io.k8s.api.autoscaling.v1.Scale",
        "eviction" => "io.k8s.api.policy.v1.Eviction",
        "binding" => "io.k8s.api.core.v1.Binding",
        "token" => "io.k8s.api.authentication.v1.TokenRequest",
        _ => "",
    };

    private static string Pascal(string text) => CultureInfo.InvariantCulture.TextInfo.ToUpper(text[..1]) + text[1..];
}
