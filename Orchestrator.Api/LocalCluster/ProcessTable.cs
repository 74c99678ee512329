using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Orchestrator.Api.LocalCluster;

/// <summary>Processes that are not this one's children, or perhaps are.</summary>
internal static partial class ProcessTable
{
    /// <summary>Ends orderly.</summary>
    public const int SigTerm = 15;

    /// <summary>Makes PostgreSQL end its sessions and stop ("fast shutdown").</summary>
    public const int SigInt = 2;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Whether the process lives and was started with this argument; one that has ended and waits to be reaped has no arguments any more.</summary>
    public static bool Runs(int pid, string argument)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cmdline")).Contains(argument, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // no such process (any more)
        }
    }

    /// <summary>Starts a program in a session of its own with its output in a file: it outlives this process and the terminal.</summary>
    public static Process Launch(string log, string program, params IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", "cd /; log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, program, .. arguments]))
        ?? throw new Commands.CommandFailure("setsid does not start.");

    /// <summary>Signals a process and waits until it has ended. False where it has not in time.</summary>
    public static async Task<bool> StopAsync(int pid, int signal, Func<bool> runs, TimeSpan patience, TimeProvider time, CancellationToken cancel)
    {
        if (!runs()) return true;
        _ = Kill(pid, signal); // where it ends in this very moment there is nobody to signal
        var started = time.GetTimestamp();
        while (runs())
        {
            if (time.GetElapsedTime(started) > patience) return false;
            await Task.Delay(Look, time, cancel);
        }
        return true;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
