namespace Orchestrator.Resources.Cel;

/// <summary>How large the values of a declared type may be (k8s.io/apiserver's DeclType). Immutable.</summary>
/// <param name="Most">Most items, entries, code points; 0 for what has no size.</param>
/// <param name="Least">Octets of the smallest JSON of such a value.</param>
internal sealed record CelSizes(long Most, long Least)
{
    /// <summary>Of a list's items or a map's values.</summary>
    public CelSizes? Element { get; init; }

    /// <summary>Of a map's keys.</summary>
    public CelSizes? Key { get; init; }

    /// <summary>Of an object's fields, by their names in JSON.</summary>
    public IReadOnlyDictionary<string, CelSizes>? Fields { get; init; }
}
