namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>Recognises a batch in the journal after its answer was lost.</summary>
internal static class CommittedBatch
{
    /// <summary>A row of the batch that the journal holds: its index in the batch, where it is, and since when (unix milliseconds).</summary>
    public readonly record struct Row(int Index, long Ordering, long WrittenAt);

    /// <summary>What the append would have answered, or null where nothing of it was committed. Of each write all rows are there or none; writes that are not were refused.</summary>
    /// <param name="batch">What was to be appended.</param>
    /// <param name="found">In the order of the batch.</param>
    public static Appended? Recognise(AppendBatch batch, IReadOnlyList<Row> found)
    {
        if (found.Count == 0) return null;
        var written = found.Select(row => row.Index).ToHashSet();
        // The first row of each write tells for all of it.
        var refused = Enumerable.Range(0, batch.Rows.Count).Where(i => (i == 0 || batch.WriteOf[i] != batch.WriteOf[i - 1]) && !written.Contains(i)).ToList();
        return new Appended(found[0].Ordering - 1, found[0].WrittenAt, refused.Count == 0 ? null : refused);
    }
}
