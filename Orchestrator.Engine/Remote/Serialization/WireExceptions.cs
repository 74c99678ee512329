namespace Orchestrator.Engine.Remote.Serialization;

/// <summary>A message cannot be written or read: its type has no wire name, its name is unknown here, or its form is not the one of its name.</summary>
public class WireFormatException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The name is not known here: the sender is of a version that this one does not understand.</summary>
public sealed class UnknownMessageException(string name) : WireFormatException($"no message is known here under the wire name \"{name}\"")
{
    /// <summary>The name.</summary>
    public string WireName { get; } = name;
}

/// <summary>The message is larger than a frame may be.</summary>
public sealed class FrameTooLargeException(long limit) : WireFormatException($"the message is larger than a frame may be ({limit} bytes)");

/// <summary>A failure of another system, in words: what its actor answered with <see cref="Actor.Status.Failure"/>.</summary>
/// <param name="type">Name of the exception's type there.</param>
/// <param name="message">Its message.</param>
public sealed class RemoteFailureException(string type, string message) : Exception(message)
{
    /// <summary>Name of the exception's type there.</summary>
    public string RemoteType { get; } = type;
}
