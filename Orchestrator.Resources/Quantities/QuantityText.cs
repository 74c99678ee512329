using System.Globalization;
using System.Numerics;

namespace Orchestrator.Resources.Quantities;

/// <summary>The text form of quantities: sign, digits with an optional point, and a binary suffix, a decimal suffix or an exponent.</summary>
internal static class QuantityText
{
    internal const string WrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    private const string WrongNumber = "unable to parse numeric part of quantity";
    private const string WrongSuffix = "unable to parse quantity's suffix";
    private static readonly string[] BinarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    /// <summary>Decimal suffixes from nano to exa, one per factor of a thousand.</summary>
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    /// <summary>Null and the amount in nanos, or upstream's error text.</summary>
    internal static string? TryParse(ReadOnlySpan<char> text, out Int128 nanos, out QuantityFormat format)
    {
        (nanos, format) = (0, QuantityFormat.DecimalSI);
        if (text.IsEmpty) return WrongFormat;
        var negative = text[0] == '-';
        var rest = text[0] is '-' or '+' ? text[1..] : text;
        var whole = LeadingDigits(rest);
        rest = rest[whole.Length..];
        var fraction = rest is ['.', ..] ? LeadingDigits(rest[1..]) : default;
        if (rest is ['.', ..]) rest = rest[(1 + fraction.Length)..];
        if (!SuffixShape(rest)) return WrongFormat;
        if (Interpret(rest) is not { } suffix) return WrongSuffix;
        format = suffix.Format;
        if (whole.IsEmpty && fraction.IsEmpty) return WrongNumber;
        if (whole.Length + fraction.Length > 60 || Math.Abs(suffix.Exponent) > 60) return WrongNumber;

        var amount = BigInteger.Parse($"0{whole}{fraction}", CultureInfo.InvariantCulture);
        // The amount counts units of 10^-fraction.Length; bring it to nanos, rounding up what is finer.
        if (suffix.Format == QuantityFormat.BinarySI) amount <<= suffix.Exponent;
        var power = 9 - fraction.Length + (suffix.Format == QuantityFormat.BinarySI ? 0 : suffix.Exponent);
        if (power >= 0) amount *= BigInteger.Pow(10, power);
        else
        {
            amount = BigInteger.DivRem(amount, BigInteger.Pow(10, -power), out var remainder);
            if (!remainder.IsZero) amount += 1;
        }
        if (suffix.Format == QuantityFormat.BinarySI)
        {
            amount = BigInteger.Min(amount, new BigInteger(long.MaxValue) * 1_000_000_000);
            if (amount > 0 && amount < 1_000_000_000) format = QuantityFormat.DecimalSI;
        }
        if (amount > (BigInteger)Int128.MaxValue) return WrongNumber;
        nanos = negative ? -(Int128)amount : (Int128)amount;
        return null;
    }

    /// <summary>The canonical text.</summary>
    internal static string Format(Int128 nanos, QuantityFormat format)
    {
        if (nanos == 0) return "0";
        var (units, fraction) = Int128.DivRem(nanos, 1_000_000_000);
        if (format == QuantityFormat.BinarySI && fraction == 0 && Int128.Abs(units) >= 1024)
        {
            var power = 0;
            while (power < BinarySuffixes.Length - 1 && units % 1024 == 0) { units /= 1024; power++; }
            return units.ToString(CultureInfo.InvariantCulture) + BinarySuffixes[power];
        }
        var thousands = 0;
        var limit = format == QuantityFormat.DecimalExponent ? int.MaxValue : DecimalSuffixes.Length - 1;
        while (thousands < limit && nanos % 1000 == 0) { nanos /= 1000; thousands++; }
        var number = nanos.ToString(CultureInfo.InvariantCulture);
        if (format != QuantityFormat.DecimalExponent) return number + DecimalSuffixes[thousands];
        var exponent = (thousands - 3) * 3;
        return exponent == 0 ? number : $"{number}e{exponent.ToString(CultureInfo.InvariantCulture)}";
    }

    private static ReadOnlySpan<char> LeadingDigits(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text : text[..end];
    }

    private static bool SuffixShape(ReadOnlySpan<char> suffix)
    {
        var letters = suffix.IndexOfAnyExcept("eEinumkKMGTP");
        if (letters < 0) return true;
        var tail = suffix[letters..];
        if (tail[0] is '-' or '+') tail = tail[1..];
        return tail.IndexOfAnyExceptInRange('0', '9') < 0;
    }

    private static (int Exponent, QuantityFormat Format)? Interpret(ReadOnlySpan<char> suffix)
    {
        for (var i = 0; i < DecimalSuffixes.Length; i++)
            if (suffix.SequenceEqual(DecimalSuffixes[i])) return ((i - 3) * 3, QuantityFormat.DecimalSI);
        for (var i = 1; i < BinarySuffixes.Length; i++)
            if (suffix.SequenceEqual(BinarySuffixes[i])) return (i * 10, QuantityFormat.BinarySI);
        if (suffix.Length > 1 && suffix[0] is 'e' or 'E' && int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent))
            return (exponent, QuantityFormat.DecimalExponent);
        return null;
    }
}
