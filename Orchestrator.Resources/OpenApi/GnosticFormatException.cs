namespace Orchestrator.Resources.OpenApi;

/// <summary>A document has what gnostic's messages cannot say; the message names the member.</summary>
public sealed class GnosticFormatException(string message) : FormatException(message);
