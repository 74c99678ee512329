using Orchestrator.Engine.Persistence;

namespace Orchestrator.Tests.Engine.Journal;

public sealed class MemoryJournalTests : JournalSuite
{
    protected override bool Survives => false;

    protected override ValueTask<IJournal> OpenAsync() => ValueTask.FromResult<IJournal>(new MemoryJournal());

    protected override Task FenceAsync()
    {
        ((MemoryJournal)Journal).Fence();
        return Task.CompletedTask;
    }
}
