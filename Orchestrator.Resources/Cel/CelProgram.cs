namespace Orchestrator.Resources.Cel;

/// <summary>A variable that an expression may name.</summary>
public sealed record CelVariable(string Name, CelType Type);

/// <summary>An expression, parsed and checked against the types of its variables. Immutable; runs on any thread.</summary>
public sealed class CelProgram
{
    /// <summary>How much work one run may be by default: about as much as upstream allows a call.</summary>
    public const long DefaultBudget = 1_000_000;

    private readonly CelEval _eval;
    private readonly int _slots;
    private readonly HashSet<string> _used;

    private CelProgram(string text, CelType type, CelEval eval, int slots, HashSet<string> used) => (Text, Type, _eval, _slots, _used) = (text, type, eval, slots, used);

    /// <summary>The expression.</summary>
    public string Text { get; }

    /// <summary>The type of what it evaluates to.</summary>
    public CelType Type { get; }

    /// <summary>Whether the expression names a variable.</summary>
    public bool Uses(string variable) => _used.Contains(variable);

    /// <summary>
    /// Compiles. Throws <see cref="CelCompileException"/> for bad syntax, names, fields and functions that are not there, and types that do not go together, that of the result included
    /// where <paramref name="wanted"/> is given.
    /// </summary>
    public static CelProgram Compile(string text, IReadOnlyList<CelVariable> variables, params ReadOnlySpan<CelType> wanted)
    {
        var compiler = new CelCompiler(variables);
        try
        {
            var (type, eval) = compiler.Compile(CelParser.Parse(text));
            if (!wanted.IsEmpty)
            {
                var fits = false;
                foreach (var one in wanted) fits |= type.Fits(one);
                if (!fits) throw new CelCompileException(0, wanted.Length == 1 ? $"must evaluate to {wanted[0]}" : $"must evaluate to one of {string.Join(", ", wanted.ToArray().Select(t => t.Name))}");
            }
            return new CelProgram(text, type, eval, compiler.Slots, compiler.Used);
        }
        catch (CelCompileException e) when (!e.Message.StartsWith("ERROR", StringComparison.Ordinal))
        {
            throw new CelCompileException(text, e.Position, e.Why);
        }
    }

    /// <summary>
    /// Evaluates with the variables' values in the order they were declared. <paramref name="budget"/> counts down with the work done. Throws <see cref="CelEvaluationException"/>.
    /// </summary>
    public object? Run(ref long budget, params ReadOnlySpan<object?> values)
    {
        var frame = new CelFrame(_slots, budget);
        values.CopyTo(frame.Slots);
        try
        {
            return _eval(frame);
        }
        finally
        {
            budget = frame.Budget;
        }
    }

    /// <summary>As above, with the default budget.</summary>
    public object? Run(params ReadOnlySpan<object?> values)
    {
        var budget = DefaultBudget;
        return Run(ref budget, values);
    }
}

/// <summary>Evaluates a piece of an expression.</summary>
internal delegate object? CelEval(CelFrame frame);

/// <summary>One evaluation: the variables' values, and what may still be spent.</summary>
internal sealed class CelFrame(int slots, long budget)
{
    public object?[] Slots { get; } = new object?[slots];

    public long Budget { get; private set; } = budget;

    public void Spend(long cost)
    {
        Budget -= cost;
        if (Budget < 0) throw new CelEvaluationException("operation cancelled: actual cost limit exceeded");
    }
}
