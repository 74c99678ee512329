namespace Orchestrator.Bench.Report;

/// <summary>One line of the table: what was measured beside its floor of the same run.</summary>
/// <param name="Name">What is measured.</param>
/// <param name="Value">The product's figure.</param>
/// <param name="Floor">The floor's figure in the same unit, or null where there is none.</param>
/// <param name="Unit">Unit of both.</param>
/// <param name="FloorIs">What the floor is.</param>
/// <param name="Budget">The bound, or null for a row that only informs.</param>
public sealed record BenchRow(string Name, double Value, double? Floor, string Unit, string FloorIs, Budget? Budget = null)
{
    /// <summary>Value divided by floor.</summary>
    public double? Ratio => Floor is > 0 ? Value / Floor : null;

    /// <summary>Whether the budget is met; null where there is none.</summary>
    public bool? Met => Budget?.IsMet(this);
}

/// <summary>A bound on a row's ratio or value, from above or from below.</summary>
public sealed record Budget(string Text, Func<BenchRow, double> Of, double? AtLeast, double? AtMost)
{
    /// <summary>The ratio to the floor is at least this.</summary>
    public static Budget RatioAtLeast(double bound) => new($"≥ {bound}×", r => r.Ratio ?? 0, bound, null);

    /// <summary>The ratio to the floor is at most this.</summary>
    public static Budget RatioAtMost(double bound) => new($"≤ {bound}×", r => r.Ratio ?? double.MaxValue, null, bound);

    /// <summary>The value itself is at most this.</summary>
    public static Budget AtMostValue(double bound, string unit) => new($"≤ {bound} {unit}", r => r.Value, null, bound);

    /// <summary>Whether a row keeps within the bound.</summary>
    public bool IsMet(BenchRow row) => (AtLeast is not { } low || Of(row) >= low) && (AtMost is not { } high || Of(row) <= high);
}
