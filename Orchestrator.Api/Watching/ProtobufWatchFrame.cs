using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Api.Watching;

/// <summary>
/// Frames of <c>application/vnd.kubernetes.protobuf;stream=watch</c>: the length of the event's message as four bytes, big-endian, then the message.
/// </summary>
internal static class ProtobufWatchFrame
{
    // Encoded when the first watcher asks for it, for all of them; kept as long as the change itself.
    private static readonly ConditionalWeakTable<ResourceChange, byte[]> Frames = [];

    /// <summary>The frame that all watchers of a change share.</summary>
    public static ReadOnlyMemory<byte> Of(ResourceChange change, SchemaType schema)
    {
        if (!Frames.TryGetValue(change, out var frame)) Frames.AddOrUpdate(change, frame = Encode(change.Type, change.Entry.Json, schema));
        return frame;
    }

    /// <summary>One frame for an object's bytes.</summary>
    public static byte[] Encode(ChangeType type, ReadOnlyMemory<byte> json, SchemaType schema) =>
        Encode(type switch { ChangeType.Added => "ADDED", ChangeType.Modified => "MODIFIED", _ => "DELETED" }, json, schema);

    /// <summary>One frame for an event of any type; <paramref name="schema"/> is the object's.</summary>
    public static byte[] Encode(string type, ReadOnlyMemory<byte> json, SchemaType schema)
    {
        var message = ProtobufEncoder.EncodeWatchEvent(type, ProtobufEncoder.Encode(json, schema));
        var frame = new byte[sizeof(uint) + message.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)message.Length);
        message.CopyTo(frame.AsSpan(sizeof(uint)));
        return frame;
    }
}
