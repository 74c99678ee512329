using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>
/// Kubernetes' <c>format</c> library (k8s.io/apiserver/pkg/cel/library/format.go): <c>format.dns1123Label().validate(name)</c> is none where a text has the form, else what is wrong with it.
/// </summary>
internal static class CelFormatLibrary
{
    internal static CelType FormatType { get; } = CelType.Opaque("kubernetes.NamedFormat");

    internal static void AddTo(CelFunctions all)
    {
        foreach (var format in CelNamedFormat.All.Values) all.Add($"format.{format.Name}", [], FormatType, _ => format);
        all.Add("format.named", [CelType.String], CelType.Optional(FormatType), a => CelNamedFormat.All.TryGetValue((string)a[0]!, out var format) ? CelOptional.Of(format) : CelOptional.None);
        all.Add(".validate", [FormatType, CelType.String], CelType.Optional(CelType.List(CelType.String)), a => Problems((CelNamedFormat)a[0]!, (string)a[1]!));
    }

    private static CelOptional Problems(CelNamedFormat format, string text)
    {
        var problems = format.Check(text);
        return problems.Count == 0 ? CelOptional.None : CelOptional.Of(new CelList([.. problems]));
    }
}
