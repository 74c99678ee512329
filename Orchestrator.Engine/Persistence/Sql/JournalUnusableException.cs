namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>The journal cannot be used. The message is for the operator: it names the database and says what to do.</summary>
public class JournalUnusableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A backup was to be restored into a journal that holds something.</summary>
public sealed class JournalNotEmptyException() : JournalUnusableException("The journal is not empty: a backup is only restored into a new one, or, where that is wanted, in place of what is there.");
