using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>What kubectl offers in its help is what the tests beside this one run: no command, and no command below a command, is left out.</summary>
public sealed partial class KubectlInventoryTests
{
    private static readonly string[] WithCommands = ["create", "set", "rollout", "apply", "auth", "config", "certificate", "cluster-info"];

    [GeneratedRegex("^  ([a-z][a-z-]*) ", RegexOptions.Multiline)] private static partial Regex Command { get; }

    [Theory]
    [InlineData("1.32")]
    [InlineData("1.20")]
    public async Task No_command_is_left_out(string v)
    {
        var run = string.Join('\n', Directory.GetFiles(Folder(), "*Tests.cs").Select(File.ReadAllText));
        var commands = await CommandsAsync(v, "");
        commands.Count.ShouldBeGreaterThan(40);
        foreach (var parent in WithCommands) commands.AddRange((await CommandsAsync(v, parent)).Select(c => $"{parent} {c}"));
        commands.Where(c => !Runs(run, c)).ShouldBeEmpty();
    }

    private static bool Runs(string run, string command) => Regex.IsMatch(run, $"[\" ]{Regex.Escape(command)}[\" ]")
        // What the tests write in lists of their parent's.
        || command.Split(' ') is ["create" or "config" or "apply", var child] && Regex.IsMatch(run, $"\"{Regex.Escape(child)}[\" ]");

    private static async Task<List<string>> CommandsAsync(string v, string parent)
    {
        var help = (await Shell.RunAsync(ClusterFixture.KubectlPath(v), parent.Length == 0 ? ["--help"] : [parent, "--help"])).Ok();
        if (parent.Length > 0) help = help[(help.IndexOf("Available Commands", StringComparison.Ordinal) is >= 0 and var at ? at : 0)..].Split("\n\n")[0];
        // The last line of the overview is how a command is called.
        return [.. Command.Matches(help).Select(m => m.Groups[1].Value).Where(c => c != "kubectl")];
    }

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
