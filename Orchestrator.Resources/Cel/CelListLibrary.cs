using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>Kubernetes' list functions and the sets extension.</summary>
internal static class CelListLibrary
{
    internal static void AddTo(CelFunctions all)
    {
        var any = CelType.List(Dyn);
        foreach (var item in (CelType[])[Int, Uint, CelType.Double, Bool, Duration, Timestamp, CelType.String, Bytes])
            all.Add(".isSorted", [CelType.List(item)], Bool, a => Items(a[0]).Zip(Items(a[0]).Skip(1)).All(p => CelValue.Compare(p.First, p.Second) <= 0));
        foreach (var item in (CelType[])[Int, Uint, CelType.Double, Duration, Timestamp, Bool, CelType.String, Bytes])
        {
            all.Add(".min", [CelType.List(item)], Element, a => Extreme(a[0], -1));
            all.Add(".max", [CelType.List(item)], Element, a => Extreme(a[0], 1));
        }
        all.Add(".sum", [CelType.List(Int)], Element, a => Sum(a[0]));
        all.Add(".sum", [CelType.List(Uint)], Element, a => Sum(a[0]));
        all.Add(".sum", [CelType.List(CelType.Double)], Element, a => Sum(a[0]));
        all.Add(".sum", [CelType.List(Duration)], Element, a => Sum(a[0]));
        all.Add(".indexOf", [any, Dyn], Int, a => (long)Items(a[0]).ToList().FindIndex(i => CelValue.Same(i, a[1])));
        all.Add(".lastIndexOf", [any, Dyn], Int, a => (long)Items(a[0]).ToList().FindLastIndex(i => CelValue.Same(i, a[1])));
        all.Add("sets.contains", [any, any], Bool, a => Items(a[1]).All(i => Has(a[0], i)));
        all.Add("sets.equivalent", [any, any], Bool, a => Items(a[1]).All(i => Has(a[0], i)) && Items(a[0]).All(i => Has(a[1], i)));
        all.Add("sets.intersects", [any, any], Bool, a => Items(a[1]).Any(i => Has(a[0], i)));
    }

    private static IReadOnlyList<object?> Items(object? list) => ((CelList)list!).Items;

    private static CelType Element(CelType[] types) => types[0].Kind == CelKind.List ? types[0].Element! : Dyn;

    private static bool Has(object? list, object? item) => Items(list).Any(i => CelValue.Same(i, item));

    private static object? Extreme(object? list, int sign)
    {
        var items = Items(list);
        if (items.Count == 0) throw new CelEvaluationException($"{(sign > 0 ? "max" : "min")} called on empty list");
        return items.Aggregate((best, item) => CelValue.Compare(item, best) * sign > 0 ? item : best);
    }

    private static object? Sum(object? list)
    {
        var items = Items(list);
        if (items.Count == 0) return 0L;
        try
        {
            return items.Aggregate((sum, item) => (sum, item) switch
            {
                (long a, long b) => checked(a + b),
                (ulong a, ulong b) => checked(a + b),
                (double a, double b) => a + b,
                (TimeSpan a, TimeSpan b) => a + b,
                _ => throw CelEvaluationException.NoOverload,
            });
        }
        catch (OverflowException)
        {
            throw new CelEvaluationException("return error for overflow");
        }
    }
}
