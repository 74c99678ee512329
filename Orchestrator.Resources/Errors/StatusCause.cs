namespace Orchestrator.Resources.Errors;

/// <summary>One entry of <c>details.causes</c>: Kubernetes' reason (<c>FieldValueInvalid</c>, …), the message and the field's path.</summary>
public sealed record StatusCause(string Reason, string Message, string Field);
