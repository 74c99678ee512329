using System.Diagnostics;

namespace Orchestrator.NodeAgent.Network;

/// <summary>Runs one of the machine's own tools (nft, iptables) to its end.</summary>
internal static class HostCommand
{
    /// <summary>Exit code and output. Throws <see cref="System.ComponentModel.Win32Exception"/> where the tool is not installed.</summary>
    public static async Task<HostCommandResult> RunAsync(string tool, IReadOnlyList<string> arguments, string? input, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(tool, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{tool} did not start");
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancel).ConfigureAwait(false);
        }

        process.StandardInput.Close();
        await process.WaitForExitAsync(cancel).ConfigureAwait(false);
        return new HostCommandResult(process.ExitCode, await output.ConfigureAwait(false), await errors.ConfigureAwait(false));
    }

    /// <summary>As <see cref="RunAsync"/>, for a tool that must succeed: <see cref="InvalidOperationException"/> with its words otherwise.</summary>
    public static async Task<string> ExpectAsync(string tool, IReadOnlyList<string> arguments, string? input, CancellationToken cancel)
    {
        var result = await RunAsync(tool, arguments, input, cancel).ConfigureAwait(false);
        return result.ExitCode == 0
            ? result.Output
            : throw new InvalidOperationException($"{tool} {string.Join(' ', arguments)} failed with {result.ExitCode}: {result.Errors.Trim()}");
    }
}

/// <summary>How a tool ended.</summary>
internal sealed record HostCommandResult(int ExitCode, string Output, string Errors);
