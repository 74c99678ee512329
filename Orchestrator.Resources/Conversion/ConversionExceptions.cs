using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Conversion;

/// <summary>An object cannot be shown in a version of its kind; the message is upstream's.</summary>
internal sealed class ConversionFailedException(string message) : Exception(message);

/// <summary>A rule needs an object in a version that only a webhook converts to; nothing has been decided or changed.</summary>
public sealed class ConversionElsewhereException(JsonObject obj, ResourceKind to) : Exception($"only its webhook converts {obj["apiVersion"]} to {to.ApiVersion}")
{
    /// <summary>The object to convert; nobody else's.</summary>
    public JsonObject Object { get; } = obj;

    /// <summary>The kind in the version that is wanted.</summary>
    public ResourceKind To { get; } = to;
}
