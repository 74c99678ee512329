using System.Runtime.ExceptionServices;

namespace Orchestrator.Resources.Cel;

/// <summary>A variable that an expression may name.</summary>
public sealed record CelVariable(string Name, CelType Type);

/// <summary>An expression, parsed and checked against the types of its variables. Immutable; runs on any thread.</summary>
public sealed class CelProgram
{
    /// <summary>What one evaluation may cost (upstream's PerCallLimit).</summary>
    public const long CallLimit = 1_000_000;

    /// <summary>What all rules of one object, or of one policy and one set of its parameters, may cost together (upstream's RuntimeCELCostBudget).</summary>
    public const long RunLimit = 10_000_000;

    /// <summary>How many octets a message that an expression makes may have.</summary>
    public const int MessageLimit = 5 * 1024;

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
    /// What evaluating costs at most by the sizes that a schema allows (<see cref="CelCostEstimator"/>); <paramref name="sizes"/> are those of the variables, which are all of one type.
    /// Throws as <see cref="Compile"/>.
    /// </summary>
    internal static CelEstimate Estimate(string text, IReadOnlyList<CelVariable> variables, CelSizes sizes)
    {
        var compiler = new CelCompiler(variables);
        var root = CelParser.Parse(text);
        compiler.Compile(root);
        return new CelCostEstimator(compiler.Facts, sizes).Cost(root);
    }

    /// <summary>
    /// Evaluates with the variables' values in the order they were declared, and takes what it cost from <paramref name="budget"/>. Throws <see cref="CelEvaluationException"/>:
    /// <see cref="CelBudgetException"/> where the budget did not suffice (it is negative then), <see cref="CelCostException"/> where the evaluation alone cost more than <see cref="CallLimit"/>.
    /// </summary>
    public object? Run(ref long budget, params ReadOnlySpan<object?> values)
    {
        var frame = new CelFrame(_slots, CallLimit);
        values.CopyTo(frame.Slots);
        CelEvaluationException? failed = null;
        object? result = null;
        try
        {
            result = _eval(frame);
        }
        catch (CelEvaluationException e)
        {
            failed = e;
        }
        if (budget >= 0) budget -= frame.Cost;
        if (budget < 0)
        {
            budget = -1;
            throw new CelBudgetException();
        }
        if (failed is not null) ExceptionDispatchInfo.Throw(failed);
        return result;
    }

    /// <summary>As above, alone.</summary>
    public object? Run(params ReadOnlySpan<object?> values)
    {
        var budget = RunLimit;
        return Run(ref budget, values);
    }
}

/// <summary>Evaluates a piece of an expression.</summary>
internal delegate object? CelEval(CelFrame frame);

/// <summary>One evaluation: the variables' values, what it has cost, and what it may cost.</summary>
internal sealed class CelFrame(int slots, long limit)
{
    public object?[] Slots { get; } = new object?[slots];

    public long Cost { get; private set; }

    public void Spend(long cost)
    {
        Cost = cost > long.MaxValue - Cost ? long.MaxValue : Cost + cost;
        if (Cost > limit) throw new CelCostException();
    }
}
