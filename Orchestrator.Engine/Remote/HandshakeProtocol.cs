using System.Text.Json;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Remote;

/// <summary>
/// The first frames of a connection: both sides say who they are and which of their lives this is, agree on a protocol version, and check that they reached whom they meant.
/// </summary>
internal sealed class HandshakeProtocol(Remoting remoting)
{
    private const int MaxFrame = 64 * 1024;

    /// <summary>For who dialled. Throws <see cref="HandshakeRefusedException"/>.</summary>
    public async Task<(long Uid, PeerGrant Grant)> DialAsync(ITransportConnection connection, Address remote, bool insists, CancellationToken cancel)
    {
        var system = remoting.System;
        await WriteAsync(connection, FrameKind.Hello, new Hello(Hello.Protocol, Hello.Protocol, system.Name, system.Address.ToString(), system.Uid, remote.ToString(), insists), cancel).ConfigureAwait(false);
        var (kind, json) = await ReadAsync(connection, cancel).ConfigureAwait(false);
        if (kind == FrameKind.Refused)
        {
            var refused = Parse<HelloRefused>(json);
            throw new HandshakeRefusedException(refused.Reason, refused.Crossed);
        }

        if (kind != FrameKind.Accepted)
            throw new HandshakeRefusedException($"{remote} answered with a frame of kind {(byte)kind}");
        var accepted = Parse<HelloAccepted>(json);
        if (accepted.Address != remote.ToString())
            throw new HandshakeRefusedException($"{accepted.Address} answered instead of {remote}");
        var grant = remoting.Settings.Authorize(new PeerIdentity(remote, connection.PeerCertificate, Inbound: false));
        return grant.Refusal is { } reason ? throw new HandshakeRefusedException(reason) : (accepted.Uid, grant);
    }

    /// <summary>For who was dialled: the peer's first frame, and what it may do. Throws <see cref="HandshakeRefusedException"/>, after the peer was told.</summary>
    public async Task<(Hello Hello, Address Address, PeerGrant Grant)> ReadHelloAsync(ITransportConnection connection, CancellationToken cancel)
    {
        var (kind, json) = await ReadAsync(connection, cancel).ConfigureAwait(false);
        if (kind != FrameKind.Hello)
            throw new HandshakeRefusedException($"the first frame is of kind {(byte)kind}");
        var hello = Parse<Hello>(json);
        var own = remoting.System.Address;
        if (hello.OldestProtocol > Hello.Protocol || hello.NewestProtocol < Hello.Protocol)
            await RefuseAsync(connection, new HelloRefused($"{own} speaks protocol {Hello.Protocol}, not {hello.OldestProtocol} to {hello.NewestProtocol}", false), cancel).ConfigureAwait(false);
        if (hello.To != own.ToString())
            await RefuseAsync(connection, new HelloRefused($"this is {own}, not {hello.To}", false), cancel).ConfigureAwait(false);
        if (!Address.TryParse(hello.Address, out var address) || !address.HasGlobalScope || address.Equals(own) || hello.Uid <= 0)
        {
            await RefuseAsync(connection, new HelloRefused($"\"{hello.Address}\" is no address of another system", false), cancel).ConfigureAwait(false);
            address = own;
        }

        var grant = remoting.Settings.Authorize(new PeerIdentity(address, connection.PeerCertificate, Inbound: true));
        if (grant.Refusal is { } reason)
            await RefuseAsync(connection, new HelloRefused(reason, false), cancel).ConfigureAwait(false);
        return (hello, address, grant);
    }

    public Task AcceptAsync(ITransportConnection connection, CancellationToken cancel) =>
        WriteAsync(connection, FrameKind.Accepted, new HelloAccepted(Hello.Protocol, remoting.System.Address.ToString(), remoting.System.Uid), cancel);

    /// <summary>Tells the peer and throws.</summary>
    public static async Task RefuseAsync(ITransportConnection connection, HelloRefused refusal, CancellationToken cancel)
    {
        await WriteAsync(connection, FrameKind.Refused, refusal, cancel).ConfigureAwait(false);
        throw new HandshakeRefusedException(refusal.Reason, refusal.Crossed);
    }

    private static async Task WriteAsync<T>(ITransportConnection connection, FrameKind kind, T body, CancellationToken cancel)
    {
        using var buffer = new FrameBuffer(MaxFrame);
        buffer.BeginFrame();
        buffer.WriteByte((byte)kind);
        buffer.Write(JsonSerializer.SerializeToUtf8Bytes(body));
        buffer.EndFrame();
        await connection.Output.WriteAsync(buffer.Written, cancel).ConfigureAwait(false);
    }

    private static async Task<(FrameKind Kind, byte[] Json)> ReadAsync(ITransportConnection connection, CancellationToken cancel)
    {
        while (true)
        {
            var read = await connection.Input.ReadAsync(cancel).ConfigureAwait(false);
            var buffer = read.Buffer;
            if (Framing.TryTake(ref buffer, MaxFrame, out var frame))
            {
                var bytes = new byte[frame.Length];
                System.Buffers.BuffersExtensions.CopyTo(frame, bytes);
                connection.Input.AdvanceTo(buffer.Start);
                return ((FrameKind)bytes[0], bytes[1..]);
            }

            connection.Input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                throw new HandshakeRefusedException("the connection was closed in the handshake");
        }
    }

    private static T Parse<T>(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json) ?? throw new HandshakeRefusedException("the handshake is empty");
        }
        catch (JsonException malformed)
        {
            throw new HandshakeRefusedException($"the handshake is malformed: {malformed.Message}");
        }
    }
}
