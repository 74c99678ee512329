using Orchestrator.Resources.Quantities;
using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>Kubernetes' quantities: <c>quantity("1.5Gi").isGreaterThan(quantity("1G"))</c>.</summary>
internal static class CelQuantityLibrary
{
    internal static CelType QuantityType { get; } = CelType.Opaque("kubernetes.Quantity");

    internal static void AddTo(CelFunctions all)
    {
        var q = QuantityType;
        all.Add("quantity", [CelType.String], q, a => Quantity.TryParse((string)a[0]!, out var value) ? value : throw new CelEvaluationException("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"));
        all.Add("isQuantity", [CelType.String], Bool, a => Quantity.TryParse((string)a[0]!, out _));
        all.Add(".sign", [q], Int, a => (long)Q(a[0]).Sign);
        all.Add(".isInteger", [q], Bool, a => IsInteger(Q(a[0])));
        all.Add(".asInteger", [q], Int, a => IsInteger(Q(a[0])) ? Q(a[0]).Value : throw new CelEvaluationException("cannot convert value to integer"));
        all.Add(".asApproximateFloat", [q], CelType.Double, a => Q(a[0]).ToDouble());
        all.Add(".isGreaterThan", [q, q], Bool, a => Q(a[0]) > Q(a[1]));
        all.Add(".isLessThan", [q, q], Bool, a => Q(a[0]) < Q(a[1]));
        all.Add(".compareTo", [q, q], Int, a => (long)Math.Sign(Q(a[0]).CompareTo(Q(a[1]))));
        all.Add(".add", [q, q], q, a => Q(a[0]) + Q(a[1]));
        all.Add(".add", [q, Int], q, a => Q(a[0]) + new Quantity((long)a[1]!));
        all.Add(".sub", [q, q], q, a => Q(a[0]) - Q(a[1]));
        all.Add(".sub", [q, Int], q, a => Q(a[0]) - new Quantity((long)a[1]!));
    }

    private static Quantity Q(object? value) => (Quantity)value!;

    private static bool IsInteger(Quantity value) => new Quantity(value.Value) == value;
}
