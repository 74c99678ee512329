using System.Net.Sockets;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

/// <summary>What happens between systems, published on the event stream (Akka.NET's <c>RemotingLifecycleEvent</c>).</summary>
/// <param name="LocalAddress">This system.</param>
/// <param name="RemoteAddress">The other one.</param>
public abstract record AssociationEvent(Address LocalAddress, Address RemoteAddress);

/// <summary>A connection is up.</summary>
public sealed record AssociatedEvent(Address LocalAddress, Address RemoteAddress, bool Inbound) : AssociationEvent(LocalAddress, RemoteAddress);

/// <summary>The connection is gone.</summary>
public sealed record DisassociatedEvent(Address LocalAddress, Address RemoteAddress, Exception? Cause) : AssociationEvent(LocalAddress, RemoteAddress);

/// <summary>An attempt to connect failed.</summary>
public sealed record AssociationErrorEvent(Address LocalAddress, Address RemoteAddress, Exception Cause) : AssociationEvent(LocalAddress, RemoteAddress)
{
    /// <summary>Nothing listens there while the machine answers: that process is not running.</summary>
    public bool IsConnectionRefused => Cause is SocketException { SocketErrorCode: SocketError.ConnectionRefused } or { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } };
}

/// <summary>A life of the other system is over, by its own word or because a later one was seen; nothing of it is accepted any more.</summary>
public sealed record QuarantinedEvent(Address LocalAddress, Address RemoteAddress, long Uid) : AssociationEvent(LocalAddress, RemoteAddress);

/// <summary>The other system is given up: it was declared dead, or could not be reached for too long. It may come back.</summary>
public sealed record AddressTerminatedEvent(Address LocalAddress, Address RemoteAddress) : AssociationEvent(LocalAddress, RemoteAddress);

/// <summary>The other system did not understand a message: it has another version.</summary>
public sealed record MessageNotUnderstoodEvent(Address LocalAddress, Address RemoteAddress, string Recipient, string Reason) : AssociationEvent(LocalAddress, RemoteAddress);

/// <summary>An Ask will not be answered: the system it went to is gone. What was asked for may have been done where it was sent, and has not where it was not.</summary>
public sealed class PeerLostException(Address remote, bool sent) : Exception($"{remote} is gone, {(sent ? "and with it the answer" : "nothing was sent to it")}")
{
    /// <summary>False where the message never left.</summary>
    public bool Sent => sent;
}

/// <summary>The connection was refused in the handshake, and why.</summary>
public sealed class HandshakeRefusedException(string message, bool crossed = false) : Exception(message)
{
    /// <summary>Both dialled at once and the other's connection is the one that stays.</summary>
    internal bool Crossed { get; } = crossed;
}
