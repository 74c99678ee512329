namespace Orchestrator.Resources.Cel;

/// <summary>An expression that is wrong whatever its variables hold. The message shows where, as cel-go's does.</summary>
public sealed class CelCompileException : FormatException
{
    internal CelCompileException(string text, int at, string why) : base(Describe(text, at, why)) => (Position, Why) = (at, why);

    internal CelCompileException(int at, string why) : base(why) => (Position, Why) = (at, why);

    /// <summary>Index of the offending character.</summary>
    public int Position { get; }

    /// <summary>What is wrong, without the place.</summary>
    public string Why { get; }

    private static string Describe(string text, int at, string why)
    {
        at = Math.Clamp(at, 0, text.Length);
        var start = at == 0 ? 0 : text.LastIndexOf('\n', at - 1) + 1;
        var end = text.IndexOf('\n', at) is >= 0 and var found ? found : text.Length;
        var line = text.AsSpan(0, at).Count('\n') + 1;
        return $"ERROR: <input>:{line}:{at - start + 1}: {why}\n | {text[start..end]}\n | {new string('.', at - start)}^";
    }
}

/// <summary>An expression that has no value for what its variables hold: a missing key, a division by zero.</summary>
public class CelEvaluationException(string message) : Exception(message)
{
    internal static CelEvaluationException NoOverload => new("no such overload");

    internal static CelEvaluationException NoKey(object? key) => new($"no such key: {key}");
}

/// <summary>An evaluation that was stopped: what it costs exceeds what one may cost. Nothing in an expression hides it.</summary>
public class CelCostException : CelEvaluationException
{
    internal CelCostException() : this("operation cancelled: actual cost limit exceeded") { }

    private protected CelCostException(string message) : base(message) { }
}

/// <summary>What several evaluations may cost together is spent. No further one is to be run.</summary>
public sealed class CelBudgetException : CelCostException
{
    internal CelBudgetException() : base("validation failed due to running out of cost budget, no further validation rules will be run") { }
}
