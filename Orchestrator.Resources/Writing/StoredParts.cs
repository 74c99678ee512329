using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Writing;

/// <summary>
/// Where the parts of a stored object stand in its canonical bytes, so that a write of one part copies the others instead of taking the whole object apart: most writes of a cluster
/// are statuses, and most of an object is its spec.
/// </summary>
/// <param name="ResourceVersion">The field that the fold has put in, its comma included; empty in stored bytes.</param>
/// <param name="Managed">Value of <c>metadata.managedFields</c>; empty where there is none.</param>
/// <param name="Spec">Value of <c>spec</c>.</param>
/// <param name="Status">Value of <c>status</c>.</param>
public readonly record struct StoredParts(Range ResourceVersion, Range Managed, Range Spec, Range Status)
{
    /// <summary>Finds them; null where the object lacks a spec or a status, or is not laid out like one that is stored.</summary>
    public static StoredParts? Find(ReadOnlySpan<byte> json)
    {
        Range version = default, managed = default;
        Range? spec = null, status = null;
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8)) ReadMetadata(ref reader, ref version, ref managed);
            else if (reader.ValueTextEquals("spec"u8)) spec = Value(ref reader);
            else if (reader.ValueTextEquals("status"u8)) status = Value(ref reader);
            else Value(ref reader);
        }
        return spec is { } s && status is { } t && managed.End.Value <= s.Start.Value && s.End.Value <= t.Start.Value && json[s][0] == (byte)'{' && json[t][0] == (byte)'{'
            ? new StoredParts(version, managed, s, t) : null;
    }

    /// <summary>The status as a DOM of one's own.</summary>
    public JsonObject StatusOf(ReadOnlySpan<byte> json) => JsonNode.Parse(json[Status])!.AsObject();

    /// <summary>The stored form (no resourceVersion) with another spec and status, null for as they are; null where that changes nothing.</summary>
    /// <param name="json">The bytes that this was found in.</param>
    /// <param name="newSpec">The whole spec, canonical.</param>
    /// <param name="newStatus">The whole status, canonical.</param>
    /// <param name="managers">Makes the new <c>managedFields</c> of the old, called only where they are kept and something changes; null for as they are.</param>
    public byte[]? With(ReadOnlySpan<byte> json, byte[]? newSpec, byte[]? newStatus, Func<ReadOnlyMemory<byte>, byte[]?> managers)
    {
        if ((newSpec is null || json[Spec].SequenceEqual(newSpec)) && (newStatus is null || json[Status].SequenceEqual(newStatus))) return null;
        var newManaged = Managed.Equals(default) ? null : managers(json[Managed].ToArray());
        var managed = Managed;
        if (newManaged is { Length: 2 })
        {
            // Nobody is left in the list: the field goes, with the comma before it (creationTimestamp always stands before).
            managed = (Managed.Start.Value - ManagedField.Length)..Managed.End;
            newManaged = [];
        }
        var result = new byte[json.Length - Length(ResourceVersion) + Grown(newManaged, managed) + Grown(newSpec, Spec) + Grown(newStatus, Status)];
        var (to, from) = (0, 0);
        if (!ResourceVersion.Equals(default)) Replace(json, ResourceVersion, []);
        if (newManaged is not null) Replace(json, managed, newManaged);
        if (newSpec is not null) Replace(json, Spec, newSpec);
        if (newStatus is not null) Replace(json, Status, newStatus);
        json[from..].CopyTo(result.AsSpan(to));
        return result;

        void Replace(ReadOnlySpan<byte> source, Range what, byte[] by)
        {
            source[from..what.Start.Value].CopyTo(result.AsSpan(to));
            to += what.Start.Value - from;
            by.CopyTo(result, to);
            to += by.Length;
            from = what.End.Value;
        }
    }

    private static ReadOnlySpan<byte> ManagedField => ",\"managedFields\":"u8;

    private static int Length(Range range) => range.End.Value - range.Start.Value;

    private static int Grown(byte[]? now, Range was) => now is null ? 0 : now.Length - Length(was);

    private static void ReadMetadata(ref Utf8JsonReader reader, ref Range version, ref Range managed)
    {
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("resourceVersion"u8))
            {
                var start = (int)reader.TokenStartIndex;
                var value = Value(ref reader);
                // It is the first field, so that what follows it is a comma, or the end of metadata.
                version = start..(value.End.Value + 1);
            }
            else if (reader.ValueTextEquals("managedFields"u8)) managed = Value(ref reader);
            else Value(ref reader);
        }
    }

    /// <summary>Reads over the value of the property that the reader stands on.</summary>
    private static Range Value(ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return start..(int)reader.BytesConsumed;
    }
}
