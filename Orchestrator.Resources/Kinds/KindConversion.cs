using System.Text.Json.Nodes;
using Orchestrator.Resources.Extensions;
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
    /// <summary>
    /// Who converts where this server cannot: then only objects that are in the wanted version already are taken by <see cref="FromStored"/> and <see cref="ToStored"/>, which throw
    /// <see cref="InvalidOperationException"/> for others.
    /// </summary>
    public virtual ConversionWebhook? Webhook => null;

    /// <summary>A stored object in this version; <paramref name="stored"/> may be changed and belongs to the result.</summary>
    public abstract JsonObject FromStored(JsonObject stored);

    /// <summary>An object of this version as it is stored; <paramref name="obj"/> may be changed and belongs to the result.</summary>
    public abstract JsonObject ToStored(JsonObject obj);

    /// <summary>A stored object with the defaults of the version it is stored in: what a <see cref="Webhook"/> is given. The object is changed and belongs to the result.</summary>
    public virtual JsonObject Prepare(JsonObject stored) => stored;

    /// <summary>What a <see cref="Webhook"/> has made of an object, as this server takes it. The object is changed and belongs to the result.</summary>
    public virtual JsonObject Take(JsonObject converted) => converted;

    /// <summary>Paths of what is in an object of this version, whoever converted it, and is not declared there: <c>.spec.size</c>. None in a built-in kind.</summary>
    internal virtual IReadOnlyList<string> Undeclared(JsonObject obj) => [];

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
        return Encode(FromStored(obj), version);
    }

    /// <summary>An object of this version as clients receive it.</summary>
    public ReadOnlyMemory<byte> Encode(JsonObject obj, string resourceVersion)
    {
        var bytes = CanonicalJson.Write(obj, SchemaCatalog.Default.Find(schemaName));
        return ResourceVersionSplice.Parse(resourceVersion) is { } number ? ResourceVersionSplice.Insert(bytes, number) : bytes;
    }
}
