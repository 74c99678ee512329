using System.Text;

namespace Orchestrator.Resources.Json;

/// <summary>The order in which Go's yaml library writes keys: letters by code point and behind everything else, runs of digits by their value.</summary>
internal sealed class NaturalOrder : IComparer<string>
{
    public static NaturalOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (a, b) = (x!.EnumerateRunes().ToArray(), y!.EnumerateRunes().ToArray());
        for (var i = 0; i < a.Length && i < b.Length; i++)
        {
            if (a[i] == b[i]) continue;
            var (letterA, letterB) = (Rune.IsLetter(a[i]), Rune.IsLetter(b[i]));
            if (letterA && letterB) return a[i].CompareTo(b[i]);
            if (letterA || letterB) return letterB ? -1 : 1;
            // Behind other digits a leading zero counts: a digit in front makes both runs longer by the same amount.
            var lead = (a[i].Value == '0' || b[i].Value == '0') && HasDigitBefore(a, i) ? 1UL : 0UL;
            var (valueA, endA) = Number(a, i, lead);
            var (valueB, endB) = Number(b, i, lead);
            if (valueA != valueB) return valueA.CompareTo(valueB);
            return endA != endB ? endA.CompareTo(endB) : a[i].CompareTo(b[i]);
        }
        return a.Length.CompareTo(b.Length);
    }

    private static bool HasDigitBefore(Rune[] text, int at)
    {
        for (var i = at - 1; i >= 0 && Rune.IsDigit(text[i]); i--)
            if (text[i].Value != '0') return true;
        return false;
    }

    private static (ulong Value, int End) Number(Rune[] text, int at, ulong lead)
    {
        for (; at < text.Length && Rune.IsDigit(text[at]); at++) lead = unchecked(lead * 10 + (ulong)text[at].Value - '0');
        return (lead, at);
    }
}
