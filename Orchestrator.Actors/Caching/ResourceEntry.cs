using System.Text.Json.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors.Caching;

/// <summary>
/// One version of one object: immutable, shared by every reader. <see cref="Json"/> is what clients receive, byte for byte. Typed and DOM views
/// are made on demand; the typed view is kept, and nobody may change it.
/// </summary>
public sealed class ResourceEntry(ResourceKey key, ResourceKind kind, long resourceVersion, long sequenceNr, ReadOnlyMemory<byte> json)
{
    private object? _typed;
    private IReadOnlyDictionary<string, string>? _fields;

    /// <summary>Which object.</summary>
    public ResourceKey Key { get; } = key;

    /// <summary>Its kind, in the version it is stored in.</summary>
    public ResourceKind Kind { get; } = kind;

    /// <summary>The ordering of the row that wrote it.</summary>
    public long ResourceVersion { get; } = resourceVersion;

    /// <summary>Its sequence number under its persistence id.</summary>
    public long SequenceNr { get; } = sequenceNr;

    /// <summary>The whole object as canonical UTF-8 JSON, resourceVersion included.</summary>
    public ReadOnlyMemory<byte> Json { get; } = json;

    /// <summary>The parsed metadata.</summary>
    public ObjectHeader Header { get; } = ObjectHeader.Read(json.Span);

    /// <summary><c>metadata.uid</c>.</summary>
    public string Uid => Header.Uid;

    /// <summary><c>metadata.name</c>.</summary>
    public string Name => Key.Name;

    /// <summary><c>metadata.namespace</c>, empty for cluster-scoped kinds.</summary>
    public string Namespace => Key.Namespace;

    /// <summary><c>metadata.labels</c>.</summary>
    public IReadOnlyDictionary<string, string> Labels => Header.Labels;

    /// <summary>The object as its typed class; parsed once per version. Callers must not change it.</summary>
    public T Read<T>() where T : ApiType, new()
    {
        if (_typed is T typed) return typed;
        typed = TypedJson.Read<T>(Json);
        _typed = typed;
        return typed;
    }

    /// <summary>As <see cref="Read"/> for one look, without managedFields: of thousands of pods the typed view would weigh more than all else that is known of them.</summary>
    public T Glance<T>() where T : ApiType, new() => _typed as T ?? TypedJson.ReadWithoutManagers<T>(Json.Span);

    /// <summary>A fresh DOM of the object that the caller owns, resourceVersion included.</summary>
    public JsonObject ToJsonObject() => JsonNode.Parse(Json.Span)!.AsObject();

    /// <summary>Selectable fields by path, <c>metadata.name</c> and <c>metadata.namespace</c> included.</summary>
    public IReadOnlyDictionary<string, string> Fields
    {
        get
        {
            if (_fields is { } known) return known;
            var fields = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (path, value) in Kind.Strategy.SelectableFields(ToJsonObject())) fields[path] = value;
            fields["metadata.name"] = Name;
            if (Kind.Namespaced) fields["metadata.namespace"] = Namespace;
            return _fields = fields;
        }
    }
}
