using Orchestrator.Actors.Caching;
using Orchestrator.Api.Lists;
using Orchestrator.Api.Negotiation;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Api.Watching;

/// <summary>
/// Turns changes into one watcher's events: selects, and where an object enters or leaves the selection makes it <c>ADDED</c> or <c>DELETED</c>
/// (k8s.io/apiserver storage/cacher). Plain events of plain changes are the frame that all watchers share.
/// </summary>
internal sealed class WatchEvents(ResourceKind kind, string ns, ListOptions options, ResponseForm form, TableObject include, TimeProvider time)
{
    private bool _columnsSent;

    /// <summary>The event of a change as a frame (a line of JSON, or a protobuf message behind its length), or null where this watcher is not concerned.</summary>
    public ReadOnlyMemory<byte>? Of(ResourceChange change)
    {
        var entry = change.Entry;
        if (ns.Length > 0 && entry.Namespace != ns) return null;
        if (options.Labels.IsEmpty && options.Fields.IsEmpty) return Encode(change, change.Type);
        var now = change.Type != ChangeType.Deleted && ListPage.Selects(options, entry);
        var before = change.Previous is not null && ListPage.Selects(options, change.Previous);
        return (before, now) switch
        {
            (false, false) => null,
            (false, true) => Encode(change, ChangeType.Added),
            (true, true) => Encode(change, ChangeType.Modified),
            // The object's last state in the selection, at the version at which it left.
            _ when change.Type != ChangeType.Deleted => Encode(ChangeType.Deleted, Left(change)),
            _ => Encode(change, ChangeType.Deleted),
        };
    }

    /// <summary>An object that was there when the watch began.</summary>
    public ReadOnlyMemory<byte> Initial(ResourceEntry entry) => Encode(ChangeType.Added, entry);

    /// <summary>A bookmark: everything up to this version has been sent. <paramref name="initialEnd"/> marks the end of the initial objects.</summary>
    public ReadOnlyMemory<byte> Bookmark(long version, bool initialEnd)
    {
        var annotations = initialEnd ? "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}," : "";
        var metadata = $"{{\"resourceVersion\":\"{version}\",{annotations}\"creationTimestamp\":null}}";
        var (kindName, apiVersion, more) = form.Representation switch
        {
            Representation.Table => ("Table", $"meta.k8s.io/{form.Version}", ",\"columnDefinitions\":[],\"rows\":[]"),
            Representation.Metadata => ("PartialObjectMetadata", $"meta.k8s.io/{form.Version}", ""),
            _ => (kind.Kind, kind.ApiVersion, ""),
        };
        return Frame("BOOKMARK", $"{{\"kind\":\"{kindName}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":{metadata}{more}}}", form.TypeOf(kind));
    }

    /// <summary>The event that ends a watch with a refusal.</summary>
    public ReadOnlyMemory<byte> Error(ApiStatus status) =>
        Frame("ERROR", status.ToJson().ToJsonString(RelaxedJson.Options), SchemaCatalog.Default.Find("io.k8s.apimachinery.pkg.apis.meta.v1.Status"));

    private ReadOnlyMemory<byte> Frame(string type, string json, SchemaType schema) => form.Encoding == Encoding.Protobuf
        ? ProtobufWatchFrame.Encode(type, System.Text.Encoding.UTF8.GetBytes(json), schema)
        : System.Text.Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":{json}}}\n");

    private ReadOnlyMemory<byte> Encode(ResourceChange change, ChangeType type) => form switch
    {
        { Representation: Representation.Object, Encoding: Encoding.Protobuf } when type == change.Type => ProtobufWatchFrame.Of(change, form.TypeOf(kind)),
        { Representation: Representation.Object } when type == change.Type => change.Frame,
        _ => Encode(type, change.Entry),
    };

    private ReadOnlyMemory<byte> Encode(ChangeType type, ResourceEntry entry)
    {
        if (form.Encoding == Encoding.Protobuf)
            return ProtobufWatchFrame.Encode(type, form.Representation == Representation.Metadata ? MetadataWriter.Write(entry.Json, form.Version) : entry.Json, form.TypeOf(kind));
        switch (form.Representation)
        {
            case Representation.Table:
                var table = new TableWriter(kind, form.Version, include, time.GetUtcNow())
                    .Write([entry], entry.ResourceVersion.ToString(System.Globalization.CultureInfo.InvariantCulture), columns: !_columnsSent);
                _columnsSent = true;
                return WatchFrame.Encode(type, table);
            case Representation.Metadata:
                return WatchFrame.Encode(type, MetadataWriter.Write(entry.Json, form.Version));
            default:
                return WatchFrame.Encode(type, entry.Json.Span);
        }
    }

    private static ResourceEntry Left(ResourceChange change)
    {
        var previous = change.Previous!;
        var json = ResourceVersionSplice.Insert(ResourceVersionSplice.Remove(previous.Json.Span), change.ResourceVersion);
        return new ResourceEntry(previous.Key, previous.Kind, change.ResourceVersion, previous.SequenceNr, json);
    }
}
