using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// How a custom kind's objects turn from one version into another. An object may be stored in any version that once was the stored one. It gets the defaults of the version it is stored
/// in, so that one from before its schema had a default shows the default when it is read; is converted, which without a webhook changes nothing but its apiVersion; and loses what the
/// version it is now in does not declare (apiextensions-apiserver's crdConversionRESTOptionsGetter).
/// </summary>
internal sealed class CustomConversion(string apiVersion, string storedVersion, string schemaName, IReadOnlyDictionary<string, JsonSchema> schemas, ConversionWebhook? webhook)
    : KindConversion(schemaName)
{
    private readonly byte[] _head = Encoding.UTF8.GetBytes($"{{\"apiVersion\":\"{apiVersion}\",");

    /// <inheritdoc/>
    public override ConversionWebhook? Webhook => webhook;

    /// <inheritdoc/>
    public override JsonObject FromStored(JsonObject stored) => Convert(Prepare(stored), apiVersion);

    /// <inheritdoc/>
    public override JsonObject ToStored(JsonObject obj) => Convert(obj, storedVersion);

    /// <inheritdoc/>
    public override JsonObject Prepare(JsonObject stored)
    {
        if (SchemaOf(stored) is not { } schema) return stored;
        SchemaDefaults.DropNulls(stored, schema);
        SchemaDefaults.Apply(stored, schema);
        return stored;
    }

    /// <inheritdoc/>
    public override JsonObject Take(JsonObject converted)
    {
        if (SchemaOf(converted) is { } schema) SchemaPruning.Prune(converted, schema);
        return converted;
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Undeclared(JsonObject obj) => SchemaOf(obj) is { } schema ? SchemaPruning.Undeclared(obj, schema) : [];

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Present(ReadOnlyMemory<byte> stored) => !schemas[apiVersion].HasDefaults && stored.Span.StartsWith(_head) ? stored : base.Present(stored);

    private JsonObject Convert(JsonObject obj, string to)
    {
        if ((string?)obj["apiVersion"] == to) return obj;
        if (webhook is not null) throw new InvalidOperationException($"only its webhook converts {obj["apiVersion"]} to {to}");
        obj["apiVersion"] = to;
        return Take(obj);
    }

    private JsonSchema? SchemaOf(JsonObject obj) => schemas.GetValueOrDefault((string?)obj["apiVersion"] ?? "");
}
