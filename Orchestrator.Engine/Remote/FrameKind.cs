namespace Orchestrator.Engine.Remote;

/// <summary>First byte of a frame. Numbers are for ever; a kind that a reader does not know is skipped.</summary>
internal enum FrameKind : byte
{
    /// <summary>First frame of who dialled: <see cref="Hello"/> as JSON.</summary>
    Hello = 1,

    /// <summary>The answer: <see cref="HelloAccepted"/>.</summary>
    Accepted = 2,

    /// <summary>The answer: <see cref="HelloRefused"/>, then the connection closes.</summary>
    Refused = 3,

    /// <summary>Recipient's name, sender's name, a message.</summary>
    Message = 4,

    /// <summary>Subject's name: tell me when it has stopped. Said again after each reconnect.</summary>
    Watch = 5,

    /// <summary>Subject's name: no longer.</summary>
    Unwatch = 6,

    /// <summary>Subject's name as in <see cref="Watch"/>, then 1 where it was there.</summary>
    Terminated = 7,

    /// <summary>Alive.</summary>
    Heartbeat = 8,

    /// <summary>This life ends; nothing follows.</summary>
    Goodbye = 9,

    /// <summary>Understood; nothing follows.</summary>
    GoodbyeSeen = 10,

    /// <summary>Recipient's name, sender's name, reason: a message that could not be read.</summary>
    NotUnderstood = 11,

    /// <summary>Stream's number, a message: the request.</summary>
    StreamOpen = 12,

    /// <summary>Stream's number, channel, bytes.</summary>
    StreamData = 13,

    /// <summary>Stream's number, count: that many more bytes may be sent.</summary>
    StreamCredit = 14,

    /// <summary>Stream's number, an error or nothing: the end of what this side sends; with an error, of everything.</summary>
    StreamEnd = 15,
}

/// <summary>
/// Who dials, to whom, and which protocol versions it speaks. <paramref name="Uid"/> is the life of its system; it <paramref name="Insists"/> where it was refused as crossing
/// and no connection came.
/// </summary>
internal sealed record Hello(int OldestProtocol, int NewestProtocol, string System, string Address, long Uid, string To, bool Insists)
{
    /// <summary>The version this build speaks.</summary>
    public const int Protocol = 1;
}

/// <summary>Welcome, in that protocol version.</summary>
internal sealed record HelloAccepted(int Protocol, string Address, long Uid);

/// <summary>Not welcome. <paramref name="Crossed"/>: our own connection to you is on its way.</summary>
internal sealed record HelloRefused(string Reason, bool Crossed);
