using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>Optional values.</summary>
internal static class CelOptionalLibrary
{
    internal static void AddTo(CelFunctions all)
    {
        var any = CelType.Optional(Dyn);
        all.Add("optional.of", [Dyn], t => CelType.Optional(t[0]), a => CelOptional.Of(a[0]));
        all.Add("optional.ofNonZeroValue", [Dyn], t => CelType.Optional(t[0]), a => IsZero(a[0]) ? CelOptional.None : CelOptional.Of(a[0]));
        all.Add("optional.none", [], any, _ => CelOptional.None);
        all.Add(".hasValue", [any], Bool, a => ((CelOptional)a[0]!).HasValue);
        all.Add(".value", [any], Value, a => ((CelOptional)a[0]!).Required);
        all.Add(".or", [any, any], t => Join(t[0], t[1]), a => ((CelOptional)a[0]!).HasValue ? a[0] : a[1]);
        all.Add(".orValue", [any, Dyn], t => Join(Value(t), t[1]), a => ((CelOptional)a[0]!).HasValue ? ((CelOptional)a[0]!).Value : a[1]);
    }

    private static CelType Value(CelType[] types) => types[0].Kind == CelKind.Optional ? types[0].Element! : Dyn;

    private static bool IsZero(object? value) => value switch
    {
        null or false or 0L or 0UL or 0.0 or "" => true,
        byte[] bytes => bytes.Length == 0,
        CelList list => list.Items.Count == 0,
        CelMap map => map.Count == 0,
        TimeSpan duration => duration == TimeSpan.Zero,
        _ => false,
    };
}
