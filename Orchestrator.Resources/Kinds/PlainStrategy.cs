namespace Orchestrator.Resources.Kinds;

/// <summary>The strategy of a kind without rules of its own: stored as it comes, its status kept apart from its spec, listed by name and age.</summary>
public sealed class PlainStrategy : KindStrategy;
