namespace Orchestrator.Resources.Cel;

/// <summary>What calls cost at least and at most besides their arguments, and how large their results are.</summary>
internal static class CelCallEstimates
{
    // Upstream knows no pattern of a named format when it estimates.
    private const double FormatPattern = 128;
    private const ulong LongestFormatName = 64;

    private static CelEstimate One { get; } = CelEstimate.Exactly(1);

    /// <summary>One form of a function; the target of a method comes first.</summary>
    internal static (CelEstimate Cost, CelEstimate? Size) Of(CelCostEstimator estimator, string name, CelOverload form, CelNode[] a)
    {
        CelEstimate Known(CelNode node) => estimator.KnownSize(node) ?? CelEstimate.Unknown;
        CelEstimate Read(CelEstimate size) => size * CelCosts.Character;
        var kinds = form.Parameters;
        switch (name)
        {
            case ".check": return (CelEstimate.Exactly((ulong)CelCosts.Authorization), null);
            case ".isSorted" or ".sum" or ".max" or ".min" or ".indexOf" or ".lastIndexOf": return (Ordered(estimator, a[0]), null);
            case "url": return (Read(Known(a[0])), Known(a[0]));
            case ".lowerAscii" or ".upperAscii" or ".substring" or ".trim": return (Read(Known(a[0])), Known(a[0]));
            case ".replace": return (Known(a[0]) * (2 * CelCosts.Character), Replaced(Known(a[0]), Known(a[1]), Known(a[2])));
            case ".split": return (Known(a[0]) * (2 * CelCosts.Character), new CelEstimate(0, a is [_, _, CelLiteral { Value: long most }] ? (ulong)most : Known(a[0]).Max));
            case ".join": return Joined(estimator, a) is var joined ? (Read(joined), joined) : default;
            case ".find" or ".findAll": return (Read(Known(a[0]) + One) * (Known(a[1]) * CelCosts.PatternCharacter), new CelEstimate(0, Known(a[0]).Max));
            case "cidr" or "isIP" or "isCIDR" or "ip" or "quantity" or "isQuantity": return (Read(Known(a[0])), null);
            case "ip.isCanonical": return (Known(a[0]) * (2 * CelCosts.Character), null);
            case ".containsIP": return (Read(Address + Address) + Parsed(a[1]), null);
            case ".containsCIDR": return (Read(Address + Address) + Read(Address) + One + Parsed(a[1]), null);
            case ".validate": return (Read(Known(a[1])) * (FormatPattern * CelCosts.PatternCharacter), null);
            case "sets.contains" or "sets.intersects": return (Known(a[0]) * Known(a[1]) + One, null);
            case "sets.equivalent": return (Known(a[0]) * Known(a[1]) * 2.0 + One, null);
            case "_==_" when SameOpaque(estimator, a) is { } cost: return (cost, null);
            case "_==_" or "_!=_": return (Compared(estimator, a), null);
            case "_<_" or "_<=_" or "_>_" or "_>=_" when kinds[0].Kind is CelKind.String or CelKind.Bytes: return (Compared(estimator, a), null);
            case "_+_" when kinds[0].Kind is CelKind.String or CelKind.Bytes or CelKind.List:
                var sum = estimator.Size(a[0]) + estimator.Size(a[1]);
                return (kinds[0].Kind == CelKind.List ? One : Read(sum), sum);
            case ".format" when kinds[0].Kind == CelKind.String: return (Read(estimator.Size(a[0])), null);
            case "bytes" when kinds[0].Kind == CelKind.String: return (Read(estimator.Size(a[0])), estimator.Size(a[0]) is var text ? text with { Max = unchecked(text.Max * 4) } : default);
            case "string" when kinds[0].Kind == CelKind.Bytes: return (Read(estimator.Size(a[0])), estimator.Size(a[0]) is var bytes ? bytes with { Min = bytes.Min / 4 } : default);
            case "strings.quote": return (Read(estimator.Size(a[0])), estimator.Size(a[0]) is var plain ? new CelEstimate(plain.Min + 2, unchecked(plain.Max * 2 + 2)) : default);
            // By the size of what is looked for, not of what is looked at.
            case ".startsWith" or ".endsWith": return (Read(estimator.Size(a[1])), null);
            case "@in" when kinds[1].Kind == CelKind.List: return (estimator.Size(a[1]), null);
            case ".matches": return (Read(estimator.Size(a[0]) + One) * (estimator.Size(a[1]) * CelCosts.PatternCharacter), null);
            case ".contains": return (Read(estimator.Size(a[0])) * Read(estimator.Size(a[1])), null);
            default: return (One, null);
        }

        // Upstream reckons a text that has to be parsed first by its size, times the factor.
        CelEstimate Parsed(CelNode other) => kinds[1].Kind == CelKind.String ? Read(Known(other)) : default;
    }

    /// <summary>Octets of an address.</summary>
    private static CelEstimate Address { get; } = new(4, 16);

    /// <summary>Looking at each item, and at each character of those that have some; of a text (its <c>indexOf</c>), at the characters.</summary>
    private static CelEstimate Ordered(CelCostEstimator estimator, CelNode target)
    {
        var size = estimator.KnownSize(target) ?? CelEstimate.Unknown;
        if (estimator.TypeOf(target) is not { Kind: CelKind.List, Element: { } element }) return size * CelCosts.Character;
        return element.Kind is CelKind.String or CelKind.Bytes ? size * (One + estimator.ItemSize(target) * CelCosts.Character) : size;
    }

    private static CelEstimate Joined(CelCostEstimator estimator, CelNode[] a)
    {
        var count = estimator.KnownSize(a[0]) ?? CelEstimate.Unknown;
        var size = estimator.TypeOf(a[0]).Kind == CelKind.List ? count * estimator.ItemSize(a[0]) : default;
        if (a.Length == 1) return size;
        var separators = new CelEstimate(count.Min > 0 ? count.Min - 1 : 0, count.Max > 0 ? count.Max - 1 : 0);
        return size + (estimator.KnownSize(a[1]) ?? CelEstimate.Unknown) * separators;
    }

    /// <summary>Size of a text in which something is replaced: as often as can be by the longest, as seldom by the shortest.</summary>
    private static CelEstimate Replaced(CelEstimate text, CelEstimate old, CelEstimate with)
    {
        var (most, longest) = old.Min == 0 ? (CelEstimate.Sum(text.Max, 1), text.Max)
            : with.Max <= old.Min ? (0UL, text.Max)
            : (Times(text.Max, old.Min), 0UL);
        var (fewest, shortest) = old.Max == 0 ? (CelEstimate.Sum(text.Min, 1), text.Min)
            : old.Max <= with.Min ? (0UL, text.Min)
            : (Times(text.Min, old.Max), 0UL);
        return new CelEstimate(fewest, most) * with + new CelEstimate(shortest, longest);
    }

    private static ulong Times(ulong all, ulong each) => all == ulong.MaxValue && each == 1 ? all : (ulong)Math.Ceiling((double)all / each);

    /// <summary>The smaller side is looked at.</summary>
    private static CelEstimate Compared(CelCostEstimator estimator, CelNode[] a)
    {
        var smallest = Math.Min(estimator.Size(a[0]).Max, estimator.Size(a[1]).Max);
        return new CelEstimate(smallest > 0 ? 1UL : 0, smallest) * CelCosts.Character;
    }

    /// <summary>Two values of one of Kubernetes' types, which are small; null for anything else.</summary>
    private static CelEstimate? SameOpaque(CelCostEstimator estimator, CelNode[] a)
    {
        var (one, other) = (estimator.TypeOf(a[0]), estimator.TypeOf(a[1]));
        if (one.Kind != CelKind.Opaque || other.Kind != CelKind.Opaque || one.Name != other.Name) return null;
        if (one.Name == CelFormatLibrary.FormatType.Name) return new CelEstimate(1, LongestFormatName) * CelCosts.Character;
        return one.Name == CelNetworkLibrary.UrlType.Name ? new CelEstimate(1, estimator.KnownSize(a[1])?.Max ?? 1) * CelCosts.Character : One;
    }
}
