using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Resources.Kinds;

/// <summary>
/// How objects of one served version turn into the version they are stored in and back. Nothing may get lost on the way there and back again.
/// </summary>
/// <param name="schemaName">The type of this version's objects.</param>
public abstract class KindConversion(string schemaName)
{
    /// <summary>A stored object in this version; <paramref name="stored"/> may be changed and belongs to the result.</summary>
    public abstract JsonObject FromStored(JsonObject stored);

    /// <summary>An object of this version as it is stored; <paramref name="obj"/> may be changed and belongs to the result.</summary>
    public abstract JsonObject ToStored(JsonObject obj);

    /// <summary>An object of one version in another version of the same kind; <paramref name="obj"/> may be changed and belongs to the result. Keeps its resourceVersion.</summary>
    public static JsonObject Convert(JsonObject obj, ResourceKind from, ResourceKind to)
    {
        var version = ObjectMeta.Get(obj, "resourceVersion");
        var stored = from.Conversion?.ToStored(obj) ?? obj;
        var result = to.Conversion?.FromStored(stored) ?? stored;
        if (version.Length > 0) ObjectMeta.Of(result)["resourceVersion"] = version;
        return result;
    }

    /// <summary>An object's stored bytes, resourceVersion included, as clients of this version receive them.</summary>
    public virtual ReadOnlyMemory<byte> Present(ReadOnlyMemory<byte> stored)
    {
        var obj = JsonNode.Parse(stored.Span)!.AsObject();
        var version = ObjectMeta.Get(obj, "resourceVersion");
        var bytes = CanonicalJson.Write(FromStored(obj), SchemaCatalog.Default.Find(schemaName));
        return ResourceVersionSplice.Parse(version) is { } number ? ResourceVersionSplice.Insert(bytes, number) : bytes;
    }
}
