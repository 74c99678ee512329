namespace Orchestrator.Resources.Cel;

/// <summary>The least and the most that something may cost, or its size may be. What exceeds <see cref="ulong.MaxValue"/> is that.</summary>
internal readonly record struct CelEstimate(ulong Min, ulong Max)
{
    /// <summary>Nothing is known.</summary>
    public static CelEstimate Unknown { get; } = new(0, ulong.MaxValue);

    public static CelEstimate Exactly(ulong value) => new(value, value);

    public static CelEstimate operator +(CelEstimate a, CelEstimate b) => new(Sum(a.Min, b.Min), Sum(a.Max, b.Max));

    public static CelEstimate operator *(CelEstimate a, CelEstimate b) => new(Product(a.Min, b.Min), Product(a.Max, b.Max));

    /// <summary>So much for each unit, rounded up.</summary>
    public static CelEstimate operator *(CelEstimate a, double factor) => new(Part(a.Min, factor), Part(a.Max, factor));

    /// <summary>Either of two.</summary>
    public CelEstimate Or(CelEstimate other) => new(Math.Min(Min, other.Min), Math.Max(Max, other.Max));

    internal static ulong Product(ulong a, ulong b) => b != 0 && a > ulong.MaxValue / b ? ulong.MaxValue : a * b;

    internal static ulong Sum(ulong a, ulong b) => a > ulong.MaxValue - b ? ulong.MaxValue : a + b;

    private static ulong Part(ulong value, double factor)
    {
        var part = Math.Ceiling(value * factor);
        return part >= 18446744073709551616.0 ? ulong.MaxValue : (ulong)part;
    }
}
