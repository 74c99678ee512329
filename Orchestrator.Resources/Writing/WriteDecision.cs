using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Writing;

/// <summary>What a command makes of an object. Pure result: nothing has happened yet.</summary>
public abstract record WriteDecision
{
    private WriteDecision() { }

    /// <summary>The client gets this error.</summary>
    public sealed record Refuse(ApiStatus Status) : WriteDecision;

    /// <summary>The object already is what it should be: answered with the stored object, no row.</summary>
    public sealed record Unchanged : WriteDecision;

    /// <summary>Store the object (without resourceVersion).</summary>
    public sealed record Put(JsonObject Object, bool Created) : WriteDecision
    {
        /// <summary>Unknown fields and the like that the client is warned about.</summary>
        public IReadOnlyList<string> Warnings { get; init; } = [];

        /// <summary>The kind in the version that the object is in, where that may not be the stored one; else null.</summary>
        public ResourceKind? As { get; init; }

        /// <summary>
        /// Where the fields that this write changes are to be noted as its manager's: the subresource written, empty for the object itself. Null for writes that upstream
        /// does not note either (deletions, bindings), and where it has been done.
        /// </summary>
        public string? Track { get; init; }
    }

    /// <summary>Remove the object; <paramref name="Last"/> is its last state for the DELETED event.</summary>
    public sealed record Remove(JsonObject Last) : WriteDecision;
}
