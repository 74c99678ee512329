namespace Orchestrator.Api.Commands;

/// <summary>A command cannot go on; the message is one sentence for the person at the terminal that says what is missing and how to get it.</summary>
public sealed class CommandFailure(string message) : Exception(message);
