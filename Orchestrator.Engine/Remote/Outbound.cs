using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Remote;

/// <summary>Something that waits to be sent to one system.</summary>
internal abstract class Outbound : QueueNode<Outbound>
{
    /// <summary>Writes one frame's content.</summary>
    public abstract void Write(FrameBuffer buffer, WireSerializer serializer);
}

/// <summary>A message for an actor.</summary>
internal sealed class OutboundMessage(object message, IActorRef? sender, RemoteActorRef recipient) : Outbound
{
    public object Message => message;

    public IActorRef? Sender => sender;

    public RemoteActorRef Recipient => recipient;

    public override void Write(FrameBuffer buffer, WireSerializer serializer)
    {
        buffer.WriteByte((byte)FrameKind.Message);
        buffer.WriteText(recipient.WireForm);
        buffer.WriteText(sender is null ? null : serializer.NameOfSender(sender));
        serializer.Write(buffer, message);
    }
}

/// <summary>A frame of up to three texts.</summary>
internal sealed class OutboundText(FrameKind kind, string? first = null, string? second = null, string? third = null) : Outbound
{
    public override void Write(FrameBuffer buffer, WireSerializer serializer)
    {
        buffer.WriteByte((byte)kind);
        if (first is not null)
            buffer.WriteText(first);
        if (second is not null)
            buffer.WriteText(second);
        if (third is not null)
            buffer.WriteText(third);
    }
}

/// <summary>The subject of a watch has stopped.</summary>
internal sealed class OutboundTerminated(string subject, bool existed) : Outbound
{
    public override void Write(FrameBuffer buffer, WireSerializer serializer)
    {
        buffer.WriteByte((byte)FrameKind.Terminated);
        buffer.WriteText(subject);
        buffer.WriteByte(existed ? (byte)1 : (byte)0);
    }
}

/// <summary>Opens a stream.</summary>
internal sealed class OutboundStreamOpen(int stream, object request) : Outbound
{
    public int Stream => stream;

    public override void Write(FrameBuffer buffer, WireSerializer serializer)
    {
        buffer.WriteByte((byte)FrameKind.StreamOpen);
        buffer.WriteInt32(stream);
        serializer.Write(buffer, request);
    }
}

/// <summary>Bytes of a stream.</summary>
internal sealed class OutboundStreamData(int stream, byte channel, ReadOnlyMemory<byte> data) : Outbound
{
    public override void Write(FrameBuffer buffer, WireSerializer serializer)
    {
        buffer.WriteByte((byte)FrameKind.StreamData);
        buffer.WriteInt32(stream);
        buffer.WriteByte(channel);
        buffer.Write(data.Span);
    }
}

/// <summary>More bytes of a stream may come.</summary>
internal sealed class OutboundStreamCredit(int stream, int count) : Outbound
{
    public override void Write(FrameBuffer buffer, WireSerializer serializer)
    {
        buffer.WriteByte((byte)FrameKind.StreamCredit);
        buffer.WriteInt32(stream);
        buffer.WriteInt32(count);
    }
}

/// <summary>No more bytes of a stream.</summary>
internal sealed class OutboundStreamEnd(int stream, string? error) : Outbound
{
    public override void Write(FrameBuffer buffer, WireSerializer serializer)
    {
        buffer.WriteByte((byte)FrameKind.StreamEnd);
        buffer.WriteInt32(stream);
        buffer.WriteText(error);
    }
}
