namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>What waits for the thread of <see cref="GroupCommit"/>.</summary>
internal interface IWork;

/// <summary>
/// Rows to write, and the answer to who wants them written. Answered on the thread that published them: who waits is an actor, which only puts a message into its
/// own mailbox, and a hop between threads for each write costs more than that.
/// </summary>
internal sealed class Write(IReadOnlyList<JournalWrite> rows, CancellationToken cancel) : TaskCompletionSource<long>, IWork
{
    public IReadOnlyList<JournalWrite> Rows => rows;

    public long Bytes { get; } = Size(rows);

    /// <summary>Ordering of its first row; 0 before it is written.</summary>
    public long First { get; set; }

    /// <summary>A row whose number is not above that of an earlier row of the same entity in this very write.</summary>
    public JournalWrite? Repeats { get; } = FindRepeated(rows);

    /// <summary>It has been answered with an error.</summary>
    public bool IsRefused => Task.IsFaulted;

    public bool TryCancel() => cancel.IsCancellationRequested && TrySetCanceled(cancel);

    /// <summary>The rows were given to everybody, or will never be. A write that was refused keeps that answer.</summary>
    public void Answer(Exception? failure)
    {
        if (failure is null) TrySetResult(First);
        else TrySetException(failure);
    }

    private static long Size(IReadOnlyList<JournalWrite> rows)
    {
        var size = 0L;
        for (var i = 0; i < rows.Count; i++) size += rows[i].Payload.Length;
        return size;
    }

    private static JournalWrite? FindRepeated(IReadOnlyList<JournalWrite> rows)
    {
        if (rows.Count == 1) return null;
        var newest = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            if (newest.TryGetValue(row.PersistenceId, out var number) && row.SequenceNr <= number) return row;
            newest[row.PersistenceId] = row.SequenceNr;
        }
        return null;
    }
}

/// <summary>Something to do between two groups.</summary>
internal interface IStep : IWork
{
    void Run();

    void Fail(Exception error);
}

/// <inheritdoc cref="IStep"/>
internal sealed class Step<T>(Func<T> step) : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), IStep
{
    public void Run()
    {
        try
        {
            TrySetResult(step());
        }
#pragma warning disable CA1031 // handed to the one who asked
        catch (Exception error)
#pragma warning restore CA1031
        {
            TrySetException(error);
        }
    }

    public void Fail(Exception error) => TrySetException(error);
}
