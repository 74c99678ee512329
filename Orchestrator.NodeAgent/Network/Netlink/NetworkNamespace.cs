using Microsoft.Win32.SafeHandles;

namespace Orchestrator.NodeAgent.Network.Netlink;

/// <summary>A process's network namespace, held open: a namespace that is held cannot be mistaken for another one when the process's id is reused.</summary>
internal sealed class NetworkNamespace : IDisposable
{
    private readonly SafeFileHandle _handle;

    private NetworkNamespace(SafeFileHandle handle) => _handle = handle;

    /// <summary>The descriptor, for requests that name a namespace.</summary>
    public int Descriptor => _handle.DangerousGetHandle().ToInt32();

    /// <summary>Throws <see cref="IOException"/> where the process is gone.</summary>
    public static NetworkNamespace OfProcess(int pid) =>
        new(File.OpenHandle($"/proc/{pid}/ns/net", FileMode.Open, FileAccess.Read, FileShare.ReadWrite));

    /// <summary>
    /// Runs the action inside, on a thread of its own that ends afterwards: namespaces are a thread's property, and one that failed to return must never go
    /// back to the pool.
    /// </summary>
    public Task RunInside(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                if (LinuxCalls.SetNamespace(Descriptor, LinuxCalls.NewNetworkNamespace) != 0)
                {
                    throw LinuxCalls.LastError("entering a network namespace");
                }

                action();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }, maxStackSize: 256 * 1024)
        {
            IsBackground = true,
            Name = "netns",
        }.Start();
        return done.Task;
    }

    public void Dispose() => _handle.Dispose();
}
