namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>Reads what other members have committed and gives it to the feed, page by page, whenever the feed finds a gap.</summary>
internal sealed class GapReader : IAsyncDisposable
{
    private readonly CommitFeed _feed;
    private readonly Func<long, long, CancellationToken, ValueTask<List<JournalRow>>> _read;
    private readonly SemaphoreSlim _found = new(0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _run;
    private int _signalled;

    public GapReader(CommitFeed feed, Func<long, long, CancellationToken, ValueTask<List<JournalRow>>> read)
    {
        (_feed, _read) = (feed, read);
        feed.GapFound = Signal;
        _run = Task.Run(RunAsync);
    }

    /// <summary>Gives up what is being read.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _run.ConfigureAwait(false);
        _closing.Dispose();
    }

    private void Signal()
    {
        if (Interlocked.Exchange(ref _signalled, 1) == 0) _found.Release();
    }

    private async Task RunAsync()
    {
        try
        {
            for (; ; )
            {
                await _found.WaitAsync(_closing.Token).ConfigureAwait(false);
                Volatile.Write(ref _signalled, 0);
                while (_feed.Gap() is { } gap) await ReadPageAsync(gap.After, gap.To).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // The journal closes.
        }
#pragma warning disable CA1031 // whatever it is, the view would be incomplete from now on: the feed ends with it and tells the writers
        catch (Exception error)
#pragma warning restore CA1031
        {
            _feed.Fail(error as JournalUnusableException ?? new JournalUnusableException($"Reading what other members have written failed: {error.Message}", error));
        }
    }

    private async ValueTask ReadPageAsync(long after, long to)
    {
        var page = await _read(after, to, _closing.Token).ConfigureAwait(false);
        // Without a hole nothing can have been compacted away that subscribers must see, a tombstone for instance.
        var whole = page.Count > 0 && page[0].Ordering == after + 1 && page[^1].Ordering == after + page.Count;
        if (!whole)
        {
            throw new JournalUnusableException(
                $"Changes after {after} were compacted away before this process saw them: it was cut off for longer than the journal's retention. Restart it.");
        }
        _feed.Fill(page);
    }
}
