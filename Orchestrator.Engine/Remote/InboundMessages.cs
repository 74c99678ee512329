using System.Text;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Remote;

/// <summary>
/// Delivers what one connection brings. Only its reading loop uses it. Names of recipients and senders recur, so what they mean is remembered.
/// </summary>
internal sealed class InboundMessages
{
    private const int Remembered = 8192;

    private readonly Association _association;
    private readonly PeerGrant _grant;
    private readonly Dictionary<string, InternalActorRef>.AlternateLookup<ReadOnlySpan<char>> _recipients;
    private readonly Dictionary<string, IActorRef>.AlternateLookup<ReadOnlySpan<char>> _senders;

    public InboundMessages(Association association, PeerGrant grant)
    {
        _association = association;
        _grant = grant;
        _recipients = new Dictionary<string, InternalActorRef>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _senders = new Dictionary<string, IActorRef>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public void OnMessage(ref FrameReader frame)
    {
        var recipientName = frame.ReadUtf8();
        var senderName = frame.ReadUtf8();
        try
        {
            var recipient = Recipient(recipientName);
            var sender = Sender(senderName);
            var message = _association.Remoting.Serializer.Read(ref frame);
            if (_grant.IsLimited && message is IAutoReceivedMessage and not Identify)
                throw new WireFormatException($"{message.GetType().Name} is not a message that {_association.Remote} may send");
            recipient.Tell(message, sender);
        }
        catch (Exception unfit) when (unfit is WireFormatException or FormatException)
        {
            var (to, from) = (Encoding.UTF8.GetString(recipientName), Encoding.UTF8.GetString(senderName));
            _association.Remoting.Log.RefusedMessage(_association.Remote, to, unfit.Message);
            _association.SendInOrder(new OutboundText(FrameKind.NotUnderstood, to, from, unfit.Message));
        }
    }

    public void OnWatch(string subject)
    {
        if (_grant.AllowsRecipient(subject))
            _association.OnWatch(subject, _association.System.References.Resolve(subject));
        else
            _association.SendInOrder(new OutboundTerminated(subject, existed: false));
    }

    /// <summary>Who asked gets the failure at once instead of waiting for an answer that cannot come.</summary>
    public void OnNotUnderstood(string recipient, string sender, string reason)
    {
        var system = _association.System;
        _association.Remoting.Log.NotUnderstood(_association.Remote, recipient, reason);
        if (sender.StartsWith(TemporaryActorRef.Prefix, StringComparison.Ordinal))
            system.References.Resolve(sender).Tell(new Status.Failure(new WireFormatException($"{_association.Remote} did not understand the message: {reason}")), null);
        system.EventStream.Publish(new MessageNotUnderstoodEvent(system.Address, _association.Remote, recipient, reason));
    }

    private InternalActorRef Recipient(ReadOnlySpan<byte> utf8)
    {
        Span<char> chars = utf8.Length <= 1024 ? stackalloc char[utf8.Length] : new char[utf8.Length];
        var name = chars[..Encoding.UTF8.GetChars(utf8, chars)];
        if (_recipients.TryGetValue(name, out var known) && known is not LocalActorRef { Cell.IsTerminated: true })
            return known;
        if (!_grant.AllowsRecipient(name))
            throw new WireFormatException($"{_association.Remote} may not send to {name}");
        var text = name.ToString();
        var actor = _association.System.References.Resolve(text);
        if (actor is AbsentActorRef or TemporaryActorRef)
            return actor;
        Forget(_recipients.Dictionary);
        _recipients.Dictionary[text] = actor;
        return actor;
    }

    private IActorRef? Sender(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
            return null;
        Span<char> chars = utf8.Length <= 1024 ? stackalloc char[utf8.Length] : new char[utf8.Length];
        var name = chars[..Encoding.UTF8.GetChars(utf8, chars)];
        if (_senders.TryGetValue(name, out var known))
            return known;
        var text = name.ToString();
        if (text[0] == '/')
        {
            var sender = new RemoteActorRef(_association, text);
            if (!text.StartsWith(TemporaryActorRef.Prefix, StringComparison.Ordinal))
            {
                Forget(_senders.Dictionary);
                _senders.Dictionary[text] = sender;
            }

            return sender;
        }

        return _grant.IsLimited
            ? throw new WireFormatException($"{_association.Remote} may not send in the name of {text}")
            : _association.System.ResolveActorRef(text);
    }

    private static void Forget<T>(Dictionary<string, T> remembered)
    {
        if (remembered.Count >= Remembered)
            remembered.Clear();
    }
}
