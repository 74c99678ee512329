using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Persistence;

/// <summary>An event on its way: the row to write (none for a deferred one), and what to do once it is written.</summary>
/// <param name="Event">The event.</param>
/// <param name="Handler">Called with it after the commit.</param>
/// <param name="Row">Null for DeferAsync.</param>
/// <param name="HoldsCommands">Whether commands wait for it (Persist) or not (PersistAsync).</param>
/// <param name="Cause">The command that led to it: its sender is the handler's sender.</param>
internal sealed record PendingEvent(object Event, Action<object> Handler, JournalWrite? Row, bool HoldsCommands, Envelope? Cause);
