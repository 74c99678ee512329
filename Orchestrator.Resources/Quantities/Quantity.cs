using System.Globalization;

namespace Orchestrator.Resources.Quantities;

/// <summary>
/// Kubernetes' <c>resource.Quantity</c>: an exact decimal number with a resolution of one nano and the form it is written in. The default
/// value is zero. Reach: ±1.7·10²⁹, and binary values are capped at 2⁶³−1 as upstream caps them. Equality and order are by amount alone.
/// </summary>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    private const long NanosPerUnit = 1_000_000_000;
    private readonly Int128 _nanos;

    private Quantity(Int128 nanos, QuantityFormat format) => (_nanos, Format) = (nanos, format);

    /// <summary>A whole number.</summary>
    public Quantity(long value, QuantityFormat format = QuantityFormat.DecimalSI) : this((Int128)value * NanosPerUnit, format) { }

    /// <summary>The preferred form; zero and small or fractional binary amounts are written in decimal nevertheless.</summary>
    public QuantityFormat Format { get; }

    /// <summary>Zero.</summary>
    public static Quantity Zero => default;

    /// <summary>A number of thousandths, e.g. of a CPU.</summary>
    public static Quantity FromMilli(long milli, QuantityFormat format = QuantityFormat.DecimalSI) => new((Int128)milli * 1_000_000, format);

    /// <summary>True for zero.</summary>
    public bool IsZero => _nanos == 0;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => Int128.Sign(_nanos);

    /// <summary>The amount in whole units, rounded up (away from zero), saturating.</summary>
    public long Value => Scaled(NanosPerUnit);

    /// <summary>The amount in thousandths, rounded up (away from zero), saturating.</summary>
    public long MilliValue => Scaled(1_000_000);

    /// <summary>Reads <c>500m</c>, <c>1.5Gi</c>, <c>12e6</c>. Throws <see cref="FormatException"/> with upstream's message.</summary>
    public static Quantity Parse(string text)
    {
        var error = QuantityText.TryParse(text, out var nanos, out var format);
        return error is null ? new Quantity(nanos, format) : throw new FormatException(error);
    }

    /// <summary>Reads a quantity; false when the text is none.</summary>
    public static bool TryParse(string? text, out Quantity value)
    {
        value = default;
        if (text is null || QuantityText.TryParse(text, out var nanos, out var format) is not null) return false;
        value = new Quantity(nanos, format);
        return true;
    }

    /// <summary>The canonical form: no fraction, the largest suffix that keeps the number whole.</summary>
    public override string ToString() => QuantityText.Format(_nanos, Format);

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => _nanos.CompareTo(other._nanos);

    /// <inheritdoc/>
    public bool Equals(Quantity other) => _nanos == other._nanos;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _nanos.GetHashCode();

    /// <summary>The amount as a floating-point number.</summary>
    public double ToDouble() => (double)_nanos / NanosPerUnit;

    /// <summary>The sum, in the left side's form unless that is zero (as upstream's Add).</summary>
    public static Quantity operator +(Quantity left, Quantity right) => new(left._nanos + right._nanos, left.IsZero ? right.Format : left.Format);

    /// <summary>The difference, in the left side's form unless that is zero.</summary>
    public static Quantity operator -(Quantity left, Quantity right) => new(left._nanos - right._nanos, left.IsZero ? right.Format : left.Format);

    /// <summary>The negated amount.</summary>
    public static Quantity operator -(Quantity value) => new(-value._nanos, value.Format);

    /// <summary>Same amount.</summary>
    public static bool operator ==(Quantity left, Quantity right) => left.Equals(right);

    /// <summary>Different amount.</summary>
    public static bool operator !=(Quantity left, Quantity right) => !left.Equals(right);

    /// <summary>Less.</summary>
    public static bool operator <(Quantity left, Quantity right) => left._nanos < right._nanos;

    /// <summary>More.</summary>
    public static bool operator >(Quantity left, Quantity right) => left._nanos > right._nanos;

    /// <summary>At most.</summary>
    public static bool operator <=(Quantity left, Quantity right) => left._nanos <= right._nanos;

    /// <summary>At least.</summary>
    public static bool operator >=(Quantity left, Quantity right) => left._nanos >= right._nanos;

    private long Scaled(long unit)
    {
        var (whole, rest) = Int128.DivRem(_nanos, unit);
        if (rest != 0) whole += Int128.Sign(_nanos);
        return whole > long.MaxValue ? long.MaxValue : whole < long.MinValue ? long.MinValue : (long)whole;
    }
}
