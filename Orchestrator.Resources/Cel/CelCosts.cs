namespace Orchestrator.Resources.Cel;

/// <summary>
/// What evaluating costs, in cel-go's units (interpreter/runtimecost.go and k8s.io/apiserver/pkg/cel/library/cost.go): a rule that upstream's limits stop is stopped here, and no other.
/// One unit is about 50 ns there.
/// </summary>
internal static class CelCosts
{
    /// <summary>Naming a variable, selecting a field, taking an item.</summary>
    internal const long Access = 1;

    /// <summary>Making a list.</summary>
    internal const long List = 10;

    /// <summary>Making a map.</summary>
    internal const long Map = 30;

    /// <summary>Asking the authorizer.</summary>
    internal const long Authorization = 350_000;

    /// <summary>Looking at a character, as part of a unit.</summary>
    internal const double Character = 0.1;

    /// <summary>Having a character in a pattern, as part of a unit.</summary>
    internal const double PatternCharacter = 0.25;

    /// <summary>What a call costs besides its arguments. <paramref name="result"/> is looked at for <c>join</c> only.</summary>
    internal static long Call(string name, CelOverload overload, object?[] a, object? result)
    {
        var kinds = overload.Parameters;
        switch (name)
        {
            case ".check": return Authorization;
            case ".isSorted" or ".sum" or ".max" or ".min" or ".indexOf" or ".lastIndexOf": return Traversal(a[0]);
            case "url" or ".lowerAscii" or ".upperAscii" or ".substring" or ".trim" or ".startsWith" or ".endsWith": return Characters(Size(a[0]));
            case "cidr" or "isIP" or "isCIDR" or "ip" or "quantity" or "isQuantity": return Characters(Size(a[0]));
            case ".replace" or ".split" or "ip.isCanonical": return Characters(Size(a[0]) * 2);
            case ".join": return Characters(Size(result) * 2);
            case ".find" or ".findAll" or ".matches": return Characters(1 + Size(a[0])) * Pattern(Size(a[1]));
            case ".validate": return Characters(1 + Size(a[1])) * Pattern(((CelNamedFormat)a[0]!).PatternLength);
            case ".contains": return Characters(Size(a[0])) * Characters(Size(a[1]));
            case ".containsIP": return Characters(Size(a[0]) * 2) + (kinds[1].Kind == CelKind.String ? Characters(Size(a[1])) : 0);
            case ".containsCIDR": return Characters(Size(a[0]) * 2) + Characters(Size(a[0])) + 1 + (kinds[1].Kind == CelKind.String ? Characters(Size(a[1])) : 0);
            case "sets.contains" or "sets.intersects": return 1 + Size(a[0]) * Size(a[1]);
            case "sets.equivalent": return 1 + Size(a[0]) * Size(a[1]) * 2;
            case "@in" when kinds[1].Kind == CelKind.List: return Size(a[1]);
            case "_==_" when a[0] is ICelOpaque or Quantities.Quantity: return 1;
            case "_==_" or "_!=_": return Characters(Math.Min(Size(a[0]), Size(a[1])));
            case "_<_" or "_<=_" or "_>_" or "_>=_" when kinds[0].Kind is CelKind.String or CelKind.Bytes: return Characters(Math.Min(Size(a[0]), Size(a[1])));
            case "_+_" when kinds[0].Kind is CelKind.String or CelKind.Bytes: return Characters(Size(a[0]) + Size(a[1]));
            case "bytes" when kinds[0].Kind == CelKind.String: return Characters(Size(a[0]));
            case "string" when kinds[0].Kind == CelKind.Bytes: return Characters(Size(a[0]));
            case "strings.quote": return Characters(Size(a[0]));
            case ".format" when kinds[0].Kind == CelKind.String: return Characters(Size(a[0]));
            default: return 1;
        }
    }

    /// <summary>Number of items, entries, code points or octets; 1 for what has no size.</summary>
    internal static long Size(object? value) => value switch
    {
        string text => CodePoints(text),
        byte[] bytes => bytes.Length,
        CelList list => list.Items.Count,
        CelMap map => map.Count,
        ICelSized sized => sized.Size,
        _ => 1,
    };

    /// <summary>Code points of a text, without making them.</summary>
    internal static long CodePoints(string text)
    {
        var count = text.Length;
        foreach (var c in text)
            if (char.IsLowSurrogate(c)) count--;
        return count;
    }

    private static long Characters(long count) => (long)Math.Ceiling(count * Character);

    private static long Pattern(long length) => (long)Math.Ceiling(length * PatternCharacter);

    // Everything in it, once. Upstream counts the octets of texts here and rounds down.
    private static long Traversal(object? value)
    {
        switch (value)
        {
            case string text: return (long)(System.Text.Encoding.UTF8.GetByteCount(text) * Character);
            case byte[] bytes: return (long)(bytes.Length * Character);
            case CelList list:
                var items = 0L;
                foreach (var item in list.Items)
                    if ((items += Traversal(item)) > CelProgram.CallLimit) break; // it is stopped whatever follows
                return items;
            case CelMap map:
                var entries = 0L;
                foreach (var key in map.Keys)
                    if ((entries += Traversal(key) + (map.TryGet(key, out var held) ? Traversal(held) : 0)) > CelProgram.CallLimit) break;
                return entries;
            default: return 1;
        }
    }
}
