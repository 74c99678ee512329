namespace Orchestrator.Api.Commands;

/// <summary>What the command line of <c>orchestrator up</c> says; null where it says nothing and the configuration decides.</summary>
/// <param name="Data">The cluster's directory, absolute.</param>
/// <param name="Nodes">How many node agents run in the process.</param>
/// <param name="Port">HTTPS port of the API.</param>
/// <param name="NodeName">Name of the first node; further ones get a number.</param>
/// <param name="Config">A configuration file, absolute.</param>
public sealed record UpOptions(string Data, int Nodes = 1, int? Port = null, string? NodeName = null, string? Config = null)
{
    /// <summary>The command line that says the same.</summary>
    public IEnumerable<string> Arguments =>
    [
        "--data", Data, "--nodes", $"{Nodes}",
        .. Port is { } port ? ["--port", $"{port}"] : Array.Empty<string>(),
        .. NodeName is { } name ? ["--node-name", name] : Array.Empty<string>(),
        .. Config is { } file ? ["--config", file] : Array.Empty<string>(),
    ];
}
