namespace Orchestrator.Resources.Cel;

/// <summary>A piece of an expression, with the place where it stands.</summary>
internal abstract record CelNode(int At);

internal sealed record CelLiteral(int At, object? Value) : CelNode(At);

internal sealed record CelName(int At, string Name) : CelNode(At);

/// <summary><c>of.field</c>, <c>of.?field</c>.</summary>
internal sealed record CelSelect(int At, CelNode Of, string Field, bool Optional) : CelNode(At);

/// <summary><c>has(of.field)</c>.</summary>
internal sealed record CelHas(int At, CelNode Of, string Field) : CelNode(At);

/// <summary><c>of[key]</c>, <c>of[?key]</c>.</summary>
internal sealed record CelIndex(int At, CelNode Of, CelNode Key, bool Optional) : CelNode(At);

/// <summary>A function, a method (with <paramref name="Target"/>) or an operator (<c>_+_</c>).</summary>
internal sealed record CelCall(int At, CelNode? Target, string Name, IReadOnlyList<CelNode> Arguments) : CelNode(At);

/// <summary><c>&amp;&amp;</c> and <c>||</c>.</summary>
internal sealed record CelLogic(int At, bool Or, CelNode Left, CelNode Right) : CelNode(At);

internal sealed record CelConditional(int At, CelNode Test, CelNode Yes, CelNode No) : CelNode(At);

internal sealed record CelListLiteral(int At, IReadOnlyList<CelNode> Items) : CelNode(At);

internal sealed record CelMapLiteral(int At, IReadOnlyList<(CelNode Key, CelNode Value)> Entries) : CelNode(At);

/// <summary><c>range.all(variable, argument)</c> and its like.</summary>
internal sealed record CelMacro(int At, string Name, CelNode Range, string Variable, IReadOnlyList<CelNode> Arguments) : CelNode(At);
