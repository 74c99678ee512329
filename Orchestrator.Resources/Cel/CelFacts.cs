namespace Orchestrator.Resources.Cel;

/// <summary>What the compiler finds out about the pieces of an expression: the types, and which forms of functions calls may mean. Pieces are told apart by identity.</summary>
internal sealed class CelFacts
{
    public Dictionary<CelNode, CelType> Types { get; } = new(ReferenceEqualityComparer.Instance);

    public Dictionary<CelNode, (string Name, IReadOnlyList<CelOverload> Forms)> Calls { get; } = new(ReferenceEqualityComparer.Instance);
}
