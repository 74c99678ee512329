using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Kinds;

/// <summary>
/// How objects of one served version turn into the version they are stored in and back. Nothing may get lost on the way there and back again.
/// </summary>
public abstract class KindConversion
{
    /// <summary>A stored object in this version; <paramref name="stored"/> may be changed and belongs to the result.</summary>
    public abstract JsonObject FromStored(JsonObject stored);

    /// <summary>An object of this version as it is stored; <paramref name="obj"/> may be changed and belongs to the result.</summary>
    public abstract JsonObject ToStored(JsonObject obj);

    /// <summary>An object's stored bytes, resourceVersion included, as clients of this version receive them.</summary>
    public abstract ReadOnlyMemory<byte> Present(ReadOnlyMemory<byte> stored);
}
