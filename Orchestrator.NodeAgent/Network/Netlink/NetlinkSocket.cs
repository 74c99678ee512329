using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Orchestrator.NodeAgent.Network.Netlink;

/// <summary>
/// A route netlink socket: one system call configures several things in well under a millisecond, where an <c>ip</c> process takes ten. It belongs to the network
/// namespace of the thread that made it, and stays there.
/// </summary>
internal sealed class NetlinkSocket : IDisposable
{
    private const ushort TypeError = 2;
    private readonly int _fd;

    public NetlinkSocket()
    {
        _fd = LinuxCalls.Socket(LinuxCalls.AddressFamilyNetlink, LinuxCalls.SocketRaw | LinuxCalls.CloseOnExec, 0);
        if (_fd < 0)
        {
            throw LinuxCalls.LastError("opening a netlink socket");
        }
    }

    /// <summary>Carries the batch out. Throws <see cref="NetlinkException"/> for the first request that fails with something else than <paramref name="tolerated"/>.</summary>
    public void Execute(NetlinkMessage batch, params ReadOnlySpan<int> tolerated)
    {
        var bytes = batch.Finish();
        if (LinuxCalls.Send(_fd, ref MemoryMarshal.GetReference(bytes), bytes.Length, 0) != bytes.Length)
        {
            throw LinuxCalls.LastError("sending to netlink");
        }

        NetlinkException? failure = null;
        Span<byte> answer = stackalloc byte[8192];
        for (var left = batch.Operations.Count; left > 0;)
        {
            var received = (int)LinuxCalls.Receive(_fd, ref MemoryMarshal.GetReference(answer), answer.Length, 0);
            if (received < 0)
            {
                throw LinuxCalls.LastError("receiving from netlink");
            }

            for (var rest = (ReadOnlySpan<byte>)answer[..received]; rest.Length >= 16;)
            {
                var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
                if (BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]) == TypeError)
                {
                    left--;
                    var error = -BinaryPrimitives.ReadInt32LittleEndian(rest[16..]);
                    var sequence = BinaryPrimitives.ReadInt32LittleEndian(rest[8..]);
                    if (error != 0 && !tolerated.Contains(error))
                    {
                        failure ??= new NetlinkException(batch.Operations[sequence - 1], error);
                    }
                }

                rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
            }
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    public void Dispose() => LinuxCalls.Close(_fd);
}

/// <summary>The kernel refused a network change.</summary>
internal sealed class NetlinkException(string operation, int error) : Exception($"{operation}: {Marshal.GetPInvokeErrorMessage(error)}")
{
    public const int AlreadyExists = 17;
    public const int NoSuchDevice = 19;

    /// <summary>The errno.</summary>
    public int Error { get; } = error;
}
