using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// The <c>None</c> conversion of custom kinds: versions differ in their apiVersion, and in what their schemas prune and default. An object that was
/// stored before its schema had a default shows the default when it is read.
/// </summary>
internal sealed class CustomConversion(string apiVersion, string storedVersion, string schemaName, JsonSchema schema) : KindConversion(schemaName)
{
    private readonly byte[] _head = Encoding.UTF8.GetBytes($"{{\"apiVersion\":\"{apiVersion}\",");

    /// <inheritdoc/>
    public override JsonObject FromStored(JsonObject stored)
    {
        stored["apiVersion"] = apiVersion;
        SchemaDefaults.DropNulls(stored, schema);
        SchemaDefaults.Apply(stored, schema);
        return stored;
    }

    /// <inheritdoc/>
    public override JsonObject ToStored(JsonObject obj)
    {
        obj["apiVersion"] = storedVersion;
        return obj;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Present(ReadOnlyMemory<byte> stored) => !schema.HasDefaults && stored.Span.StartsWith(_head) ? stored : base.Present(stored);
}
