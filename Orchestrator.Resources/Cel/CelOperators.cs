using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>The operators.</summary>
internal static class CelOperators
{
    internal static void AddTo(CelFunctions all)
    {
        var any = Dyn;
        all.Add("!_", [Bool], Bool, a => !(bool)a[0]!);
        foreach (var (name, negated) in new[] { ("_==_", false), ("_!=_", true) }) all.Add(name, [any, any], Bool, a => CelValue.Same(a[0], a[1]) != negated);
        CelType[] numbers = [Int, Uint, CelType.Double];
        foreach (var (name, holds) in new (string, Func<int, bool>)[] { ("_<_", o => o < 0), ("_<=_", o => o <= 0), ("_>_", o => o > 0), ("_>=_", o => o >= 0) })
        {
            foreach (var type in (CelType[])[Bool, CelType.String, Bytes, Duration, Timestamp]) all.Add(name, [type, type], Bool, a => holds(CelValue.Compare(a[0], a[1])));
            foreach (var one in numbers)
                foreach (var other in numbers) all.Add(name, [one, other], Bool, a => holds(CelValue.Compare(a[0], a[1])));
        }
        Arithmetic(all);
        all.Add("_+_", [CelType.String, CelType.String], CelType.String, a => (string)a[0]! + (string)a[1]!);
        all.Add("_+_", [Bytes, Bytes], Bytes, a => (byte[])[.. (byte[])a[0]!, .. (byte[])a[1]!]);
        all.Add("_+_", [CelType.List(any), CelType.List(any)], types => CelType.List(Join(Element(types[0]), Element(types[1]))), a => Joined((CelList)a[0]!, (CelList)a[1]!));
        all.Add("@in", [any, CelType.List(any)], Bool, a => ((CelList)a[1]!).Items.Any(item => CelValue.Same(item, a[0])));
        all.Add("@in", [any, CelType.Map(any, any)], Bool, a => ((CelMap)a[1]!).TryGet(a[0], out _));
        Size(all, CelType.String, a => (long)((string)a!).EnumerateRunes().Count());
        Size(all, Bytes, a => (long)((byte[])a!).Length);
        Size(all, CelType.List(any), a => (long)((CelList)a!).Items.Count);
        Size(all, CelType.Map(any, any), a => (long)((CelMap)a!).Count);
    }

    /// <summary>Whether values of these types can be the same, or one be in the other; else the comparison is a mistake.</summary>
    internal static bool AreComparable(string name, CelType[] types) => name switch
    {
        "_==_" or "_!=_" => types[0].Fits(types[1]) || types[1].Fits(types[0]),
        "@in" => types[1].Kind switch
        {
            CelKind.List => types[0].Fits(types[1].Element!) || types[1].Element!.Fits(types[0]),
            CelKind.Map => types[0].Fits(types[1].Key!),
            _ => true,
        },
        _ => true,
    };

    private static CelType Element(CelType list) => list.Kind == CelKind.List ? list.Element! : Dyn;

    private static void Size(CelFunctions all, CelType of, Func<object?, object?> size)
    {
        all.Add("size", [of], Int, a => size(a[0]));
        all.Add(".size", [of], Int, a => size(a[0]));
    }

    /// <summary>Lists of a schema join as apply would merge them: a set keeps what is there, a map list takes the right side's items in their places.</summary>
    private static CelList Joined(CelList left, CelList right)
    {
        if (left.ListType is not ("set" or "map")) return new CelList(new CelJoinedItems(left.Items, right.Items));
        var identity = new CelIdentity(left);
        var (there, here) = (right.Items.ToLookup(item => item, identity), left.Items.ToHashSet(identity));
        var items = left.Items.Select(item => there[item].FirstOrDefault() ?? item).ToList();
        items.AddRange(right.Items.Where(other => !here.Contains(other)));
        return new CelList(items, left.ListType, left.Keys);
    }

    private static void Arithmetic(CelFunctions all)
    {
        Whole(all, "_+_", (a, b) => checked(a + b), (a, b) => checked(a + b), (a, b) => a + b);
        Whole(all, "_-_", (a, b) => checked(a - b), (a, b) => checked(a - b), (a, b) => a - b);
        Whole(all, "_*_", (a, b) => checked(a * b), (a, b) => checked(a * b), (a, b) => a * b);
        Whole(all, "_/_", (a, b) => b == 0 ? throw new CelEvaluationException("division by zero") : checked(a / b), (a, b) => b == 0 ? throw new CelEvaluationException("division by zero") : a / b, (a, b) => a / b);
        Whole(all, "_%_", (a, b) => b == 0 ? throw new CelEvaluationException("modulus by zero") : b == -1 ? 0 : a % b, (a, b) => b == 0 ? throw new CelEvaluationException("modulus by zero") : a % b, null);
        all.Add("-_", [Int], Int, a => Checked(() => checked(-(long)a[0]!)));
        all.Add("-_", [CelType.Double], CelType.Double, a => -(double)a[0]!);
        all.Add("_+_", [Duration, Duration], Duration, a => Checked(() => (TimeSpan)a[0]! + (TimeSpan)a[1]!));
        all.Add("_-_", [Duration, Duration], Duration, a => Checked(() => (TimeSpan)a[0]! - (TimeSpan)a[1]!));
        all.Add("_+_", [Timestamp, Duration], Timestamp, a => Checked(() => (DateTimeOffset)a[0]! + (TimeSpan)a[1]!));
        all.Add("_+_", [Duration, Timestamp], Timestamp, a => Checked(() => (DateTimeOffset)a[1]! + (TimeSpan)a[0]!));
        all.Add("_-_", [Timestamp, Duration], Timestamp, a => Checked(() => (DateTimeOffset)a[0]! - (TimeSpan)a[1]!));
        all.Add("_-_", [Timestamp, Timestamp], Duration, a => (DateTimeOffset)a[0]! - (DateTimeOffset)a[1]!);
    }

    private static void Whole(CelFunctions all, string name, Func<long, long, long> whole, Func<ulong, ulong, ulong> unsigned, Func<double, double, double>? real)
    {
        all.Add(name, [Int, Int], Int, a => Checked(() => whole((long)a[0]!, (long)a[1]!)));
        all.Add(name, [Uint, Uint], Uint, a => Checked(() => unsigned((ulong)a[0]!, (ulong)a[1]!)));
        if (real is not null) all.Add(name, [CelType.Double, CelType.Double], CelType.Double, a => real((double)a[0]!, (double)a[1]!));
    }

    private static object Checked<T>(Func<T> operation) where T : struct
    {
        try
        {
            return operation();
        }
        catch (Exception e) when (e is OverflowException or ArgumentOutOfRangeException)
        {
            throw new CelEvaluationException("return error for overflow");
        }
    }
}
