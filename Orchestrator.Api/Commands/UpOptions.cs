namespace Orchestrator.Api.Commands;

/// <summary>What the command line of <c>orchestrator up</c> says; null where it says nothing and the configuration decides.</summary>
/// <param name="Data">The cluster's directory, absolute.</param>
/// <param name="Nodes">How many node agents run in the process.</param>
/// <param name="Port">HTTPS port of the API.</param>
/// <param name="NodeName">Name of the first node; further ones get a number.</param>
/// <param name="Config">A configuration file, absolute.</param>
/// <param name="Members">Control-plane members; from two on, processes of their own on a shared database.</param>
/// <param name="Postgres">Connection string of that database; null for one that is started in the directory.</param>
/// <param name="SimulatedNodes">Where above zero: so many nodes whose containers exist only in name, instead of <paramref name="Nodes"/> on Docker Engine.</param>
public sealed record UpOptions(string Data, int Nodes = 1, int? Port = null, string? NodeName = null, string? Config = null, int Members = 1, string? Postgres = null, int SimulatedNodes = 0)
{
    /// <summary>Whether the members are processes of their own.</summary>
    public bool IsLocalCluster => Members > 1 || Postgres is not null;

    /// <summary>The command line that says the same.</summary>
    public IEnumerable<string> Arguments =>
    [
        "--data", Data, "--nodes", $"{Nodes}",
        .. Port is { } port ? ["--port", $"{port}"] : Array.Empty<string>(),
        .. NodeName is { } name ? ["--node-name", name] : Array.Empty<string>(),
        .. Members > 1 ? ["--members", $"{Members}"] : Array.Empty<string>(),
        .. Postgres is { } connection ? ["--postgres", connection] : Array.Empty<string>(),
        .. SimulatedNodes > 0 ? ["--simulated-nodes", $"{SimulatedNodes}"] : Array.Empty<string>(),
        .. Config is { } file ? ["--config", file] : Array.Empty<string>(),
    ];
}
