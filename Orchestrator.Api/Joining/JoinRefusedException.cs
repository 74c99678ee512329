namespace Orchestrator.Api.Joining;

/// <summary>The node cannot join; the message is one sentence for the person at the terminal that says why and what helps.</summary>
public sealed class JoinRefusedException(string message, Exception? cause = null) : Exception(message, cause);
