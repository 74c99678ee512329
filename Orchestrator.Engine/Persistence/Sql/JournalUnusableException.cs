namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>The journal cannot be used. The message is for the operator: it names the database and says what to do.</summary>
public sealed class JournalUnusableException(string message, Exception? inner = null) : Exception(message, inner);
