namespace Orchestrator.Resources.Json;

/// <summary>What to do with unknown and duplicate fields (Kubernetes' <c>fieldValidation</c> query parameter).</summary>
public enum FieldValidation
{
    /// <summary>Drop them silently.</summary>
    Ignore,

    /// <summary>Drop them and say so in a <c>Warning</c> header (Kubernetes' default).</summary>
    Warn,

    /// <summary>Refuse the request.</summary>
    Strict,
}
