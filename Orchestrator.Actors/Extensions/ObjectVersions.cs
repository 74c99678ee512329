using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Extensions;

/// <summary>Objects in the versions of their kind, whoever converts them.</summary>
public static class ObjectVersions
{
    /// <summary>The <c>apiVersion</c> of an object's bytes; stored bytes may be in any version that once was the stored one.</summary>
    public static string Of(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("apiVersion"u8);
            reader.Read();
            if (found) return reader.GetString() ?? "";
            reader.Skip();
        }
        return "";
    }

    /// <summary>Whether only a webhook can show the stored object in this version.</summary>
    public static bool IsElsewhere(ResourceKind kind, ReadOnlySpan<byte> stored) => kind.Conversion?.Webhook is not null && Of(stored) != kind.ApiVersion;

    /// <summary>A stored object in a kind's version. The object belongs to the result; its resourceVersion, where it has one, stays.</summary>
    public static async ValueTask<JsonObject> FromStoredAsync(this IObjectConverter converter, ResourceKind kind, JsonObject stored, CancellationToken cancel) =>
        (await converter.FromStoredAsync(kind, [stored], cancel))[0];

    /// <summary>As <see cref="FromStoredAsync(IObjectConverter, ResourceKind, JsonObject, CancellationToken)"/>, for several at once.</summary>
    public static async ValueTask<IReadOnlyList<JsonObject>> FromStoredAsync(this IObjectConverter converter, ResourceKind kind, IReadOnlyList<JsonObject> stored, CancellationToken cancel)
    {
        if (kind.Conversion is not { } conversion) return stored;
        if (conversion.Webhook is not null) return await ConvertAsync(converter, [.. stored.Select(conversion.Prepare)], kind, cancel);
        return [.. stored.Select(obj =>
        {
            var version = ObjectMeta.Get(obj, "resourceVersion");
            var shown = conversion.FromStored(obj);
            if (version.Length > 0) ObjectMeta.Of(shown)["resourceVersion"] = version;
            return shown;
        })];
    }

    /// <summary>An object of one version of a kind in another one. The object belongs to the result.</summary>
    public static async ValueTask<JsonObject> ConvertAsync(this IObjectConverter converter, JsonObject obj, ResourceKind from, ResourceKind to, CancellationToken cancel) =>
        to.Conversion?.Webhook is null ? KindConversion.Convert(obj, from, to) : (await ConvertAsync(converter, [obj], to, cancel))[0];

    private static async ValueTask<IReadOnlyList<JsonObject>> ConvertAsync(IObjectConverter converter, IReadOnlyList<JsonObject> objects, ResourceKind to, CancellationToken cancel)
    {
        var conversion = to.Conversion!;
        var others = objects.Where(o => !IsIn(o, to)).ToList();
        if (others.Count == 0) return objects;
        var converted = new Queue<JsonObject>(await converter.ConvertAsync(conversion.Webhook!, others, to, cancel));
        return [.. objects.Select(o => IsIn(o, to) ? o : conversion.Take(converted.Dequeue()))];
    }

    private static bool IsIn(JsonObject obj, ResourceKind kind) => (string?)obj["apiVersion"] == kind.ApiVersion;
}
