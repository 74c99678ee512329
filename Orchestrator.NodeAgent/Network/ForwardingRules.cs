using System.ComponentModel;

namespace Orchestrator.NodeAgent.Network;

/// <summary>
/// Lets packets of our bridges through the FORWARD chain, whose policy Docker sets to DROP (an accept in a table of ours would not overrule it). Docker leaves the
/// chain DOCKER-USER to its users and keeps it over its own restarts; on a machine without that chain, FORWARD itself gets the rules.
/// With <c>bridge-nf-call-iptables</c> on, as Docker wants it, even two pods of one bridge pass through here.
/// </summary>
internal static class ForwardingRules
{
    private static readonly string[] Chains = ["DOCKER-USER", "FORWARD"];

    /// <summary>Adds what is missing. Without iptables on the machine nothing drops, and nothing is done.</summary>
    public static async Task EnsureAsync(string bridge, CancellationToken cancel)
    {
        foreach (var chain in Chains)
        {
            if (await RulesOfAsync(chain, cancel).ConfigureAwait(false) is not { } rules)
            {
                continue;
            }

            var missing = Wanted(chain, bridge).Where(rule => !rules.Contains(rule)).Select(rule => "-I" + rule[2..]).ToList();
            if (missing.Count > 0)
            {
                await HostCommand.ExpectAsync("iptables-restore", ["-w", "--noflush"], $"*filter\n{string.Join('\n', missing)}\nCOMMIT\n", cancel).ConfigureAwait(false);
            }

            return;
        }
    }

    /// <summary>Removes the rules of every bridge whose name starts so.</summary>
    public static async Task RemoveAsync(string bridgePrefix, CancellationToken cancel)
    {
        foreach (var chain in Chains)
        {
            var rules = await RulesOfAsync(chain, cancel).ConfigureAwait(false) ?? [];
            var ours = rules.Where(r => r.Contains($" -i {bridgePrefix}", StringComparison.Ordinal) || r.Contains($" -o {bridgePrefix}", StringComparison.Ordinal))
                .Select(rule => "-D" + rule[2..]).ToList();
            if (ours.Count > 0)
            {
                await HostCommand.ExpectAsync("iptables-restore", ["-w", "--noflush"], $"*filter\n{string.Join('\n', ours)}\nCOMMIT\n", cancel).ConfigureAwait(false);
            }
        }
    }

    // In the words of "iptables -S", so that presence is a comparison of lines.
    private static string[] Wanted(string chain, string bridge) => [$"-A {chain} -i {bridge} -j ACCEPT", $"-A {chain} -o {bridge} -j ACCEPT"];

    /// <summary>The chain's rules, or null where there is no such chain or no iptables.</summary>
    private static async Task<HashSet<string>?> RulesOfAsync(string chain, CancellationToken cancel)
    {
        try
        {
            var listed = await HostCommand.RunAsync("iptables", ["-w", "-S", chain], null, cancel).ConfigureAwait(false);
            return listed.ExitCode == 0 ? [.. listed.Output.Split('\n').Select(l => l.Trim())] : null;
        }
        catch (Win32Exception)
        {
            return null; // not installed
        }
    }
}
