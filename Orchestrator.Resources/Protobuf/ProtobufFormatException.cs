namespace Orchestrator.Resources.Protobuf;

/// <summary>Bytes that are not the message they should be; worded as gogo's generated decoders word it. Never leaves the codec.</summary>
internal sealed class ProtobufFormatException(string message) : Exception(message)
{
    internal static ProtobufFormatException Truncated() => new("unexpected EOF");
}
