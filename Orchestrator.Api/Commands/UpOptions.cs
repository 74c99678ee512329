namespace Orchestrator.Api.Commands;

/// <summary>Options of <c>orchestrator up</c>.</summary>
/// <param name="Data">The cluster's directory.</param>
/// <param name="Port">HTTPS port of the API; 0 picks a free one at the first start.</param>
/// <param name="Nodes">How many node agents run in the process.</param>
/// <param name="NodeName">Name of the first node; further ones get a number.</param>
public sealed record UpOptions(string Data, int Port, int Nodes, string NodeName)
{
    /// <summary>The port where none is given.</summary>
    public const int DefaultPort = 6443;

    /// <summary>The nodes' names: <c>host</c>, <c>host-2</c>, <c>host-3</c>.</summary>
    public IEnumerable<string> NodeNames => Enumerable.Range(1, Nodes).Select(i => i == 1 ? NodeName : $"{NodeName}-{i}");
}
