namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>Recognises a batch in the journal after its answer was lost.</summary>
internal static class CommittedBatch
{
    /// <summary>A row of the batch that the journal holds byte for byte: its index in the batch, where it is, and since when (unix milliseconds).</summary>
    public readonly record struct Row(int Index, long Ordering, long WrittenAt);

    /// <summary>
    /// What the append would have answered, or null where it was not committed. Its rows stand one behind the other, of one time, and of each write all or none.
    /// Anything else is somebody else's rows that happen to be the same.
    /// </summary>
    /// <param name="batch">What was to be appended.</param>
    /// <param name="found">In the order of the batch.</param>
    public static Appended? Recognise(AppendBatch batch, IReadOnlyList<Row> found)
    {
        if (found.Count == 0) return null;
        for (var i = 1; i < found.Count; i++)
        {
            if (found[i].Ordering != found[0].Ordering + i || found[i].WrittenAt != found[0].WrittenAt) return null;
        }
        var written = found.Select(row => row.Index).ToHashSet();
        var refused = new List<int>();
        for (var first = 0; first < batch.Rows.Count;)
        {
            var end = first + 1;
            while (end < batch.Rows.Count && batch.WriteOf[end] == batch.WriteOf[first]) end++;
            var there = Enumerable.Range(first, end - first).Count(written.Contains);
            if (there == 0) refused.Add(first);
            else if (there < end - first) return null;
            first = end;
        }
        return new Appended(found[0].Ordering - 1, found[0].WrittenAt, refused.Count == 0 ? null : refused);
    }
}
