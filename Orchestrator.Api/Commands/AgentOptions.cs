namespace Orchestrator.Api.Commands;

/// <summary>What the command line of <c>orchestrator agent</c> says.</summary>
/// <param name="Data">The agent's directory, absolute.</param>
/// <param name="Join"><c>HOST:PORT</c> of a member's API; needed until the node has joined.</param>
/// <param name="Token">A bootstrap token; needed until the node has joined.</param>
/// <param name="AuthorityHash"><c>sha256:…</c> of the authority's public key; needed until the node has joined.</param>
/// <param name="NodeName">The node's name; null for what the configuration says, else this machine's.</param>
/// <param name="Config">A configuration file, absolute.</param>
/// <param name="Simulated">Whether pods run on a simulated engine, for tests of scale.</param>
/// <param name="Drain">Whether pods are stopped, each within its grace, before the agent stops.</param>
public sealed record AgentOptions(string Data, string? Join, string? Token, string? AuthorityHash, string? NodeName, string? Config, bool Simulated, bool Drain)
{
    /// <summary>The command line of an agent that has joined.</summary>
    public IEnumerable<string> Arguments =>
    [
        "--data", Data, "--runtime", Simulated ? "simulated" : "docker",
        .. NodeName is { } name ? ["--node-name", name] : Array.Empty<string>(),
        .. Config is { } file ? ["--config", file] : Array.Empty<string>(),
        .. Drain ? ["--drain"] : Array.Empty<string>(),
    ];
}
