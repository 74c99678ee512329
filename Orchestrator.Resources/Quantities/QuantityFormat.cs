namespace Orchestrator.Resources.Quantities;

/// <summary>How a quantity prefers to be written; it keeps the form it was given in (Kubernetes' <c>resource.Format</c>).</summary>
public enum QuantityFormat : byte
{
    /// <summary><c>12M</c>, <c>100m</c>.</summary>
    DecimalSI,

    /// <summary><c>12Mi</c>.</summary>
    BinarySI,

    /// <summary><c>12e6</c>.</summary>
    DecimalExponent,
}
