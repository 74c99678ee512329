using Microsoft.Extensions.Primitives;

namespace Orchestrator.NodeAgent.Server;

/// <summary>Flags of a query as Kubernetes' options read them: whatever is there and neither <c>false</c> nor <c>0</c> holds.</summary>
internal static class QueryFlags
{
    /// <summary>Whether a flag holds.</summary>
    public static bool Holds(IReadOnlyDictionary<string, StringValues> query, string name) =>
        query.TryGetValue(name, out var values) && values.Count > 0 && values[0] is var first && !string.Equals(first, "false", StringComparison.OrdinalIgnoreCase) && first != "0";
}
