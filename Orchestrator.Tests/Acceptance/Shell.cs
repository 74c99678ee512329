using System.Diagnostics;
using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>What a command printed and how it ended.</summary>
public sealed record ShellResult(int ExitCode, string Output, string Errors)
{
    /// <summary>The output, after checking that the command succeeded.</summary>
    public string Ok()
    {
        ExitCode.ShouldBe(0, $"{Errors}\n{Output}");
        return Output;
    }

    /// <summary>Checks how the command ended and what its output begins with.</summary>
    public void ShouldBeAnswer(int exitCode, string output)
    {
        ExitCode.ShouldBe(exitCode, $"{Errors}\n{Output}");
        Output.ShouldStartWith(output);
    }
}

/// <summary>Runs programs to their end.</summary>
public static class Shell
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    /// <summary>Runs a program; kills it and fails where it hangs.</summary>
    public static async Task<ShellResult> RunAsync(string program, IEnumerable<string> arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) info.Environment[name] = value;
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Deadline, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{program} {string.Join(' ', arguments)}' hangs; so far: {await output} {await errors}");
        }
        return new ShellResult(process.ExitCode, await output, await errors);
    }
}
