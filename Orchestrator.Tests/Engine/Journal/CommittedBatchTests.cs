using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql;
using Orchestrator.Engine.Persistence.Sql.Postgres;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Journal;

public sealed class CommittedBatchTests
{
    /// <summary>Writes of 2, 1, 3 and 1 rows.</summary>
    private static readonly AppendBatch Batch = new([.. Enumerable.Range(0, 7).Select(i => new JournalWrite($"e{i}", 1, "update", default))], [0, 0, 1, 2, 2, 2, 3], 0);

    [Theory]
    [InlineData("", null)]
    [InlineData("0 1 2 3 4 5 6", "")]
    [InlineData("2 3 4 5 6", "0")]
    [InlineData("0 1 3 4 5", "2 6")]
    [InlineData("6", "0 2 3")]
    public void What_is_not_there_of_a_batch_that_is_was_refused(string found, string? refused)
    {
        var rows = found.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((index, place) => new CommittedBatch.Row(int.Parse(index), 100 + place, 77)).ToList();
        var appended = CommittedBatch.Recognise(Batch, rows);
        if (refused is null)
        {
            appended.ShouldBeNull();
            return;
        }
        (appended!.Value.Before, appended.Value.WrittenAt).ShouldBe((99, 77));
        string.Join(' ', appended.Value.Refused ?? []).ShouldBe(refused);
    }
}
