using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Persistence;

/// <summary>
/// One recovery of one actor. Rows are pulled one by one; what the journal gives at once is applied at once, so that a recovery from memory costs no hop.
/// Everything runs on the actor's thread; only the wait for the journal does not.
/// </summary>
internal sealed class Replay(Eventsourced actor, PersistenceExtension persistence, Recovery recovery)
{
    private IAsyncEnumerator<JournalRow>? _rows;

    public void Start()
    {
        switch (recovery)
        {
            case Recovery.FromLatest latest:
                Await(latest.LookUp(actor.PersistenceId), ApplyLatest);
                break;
            case Recovery.Nothing:
                Await(persistence.Journal.LatestAsync(actor.PersistenceId), last =>
                {
                    actor.Continue(last);
                    actor.RecoverySucceeded();
                });
                break;
            default:
                if (persistence.SnapshotStore is { } store)
                    Await(store.LoadAsync(actor.PersistenceId), ApplySnapshot);
                else
                    ReadRows();
                break;
        }
    }

    private void ApplyLatest(JournalRow? row)
    {
        if (row is null || actor.Recovered(row))
            actor.RecoverySucceeded();
    }

    private void ApplySnapshot(SnapshotOffer? offer)
    {
        if (offer is null || actor.Recovered(offer))
            ReadRows();
    }

    private void ReadRows()
    {
        _rows = persistence.Journal.ReplayAsync(actor.PersistenceId, actor.LastSequenceNr + 1, long.MaxValue, long.MaxValue).GetAsyncEnumerator();
        Pump();
    }

    private void Pump()
    {
        while (true)
        {
            var next = _rows!.MoveNextAsync();
            if (!next.IsCompletedSuccessfully)
            {
                Await(next, more =>
                {
                    if (Apply(more))
                        Pump();
                });
                return;
            }

            if (!Apply(next.Result))
                return;
        }
    }

    /// <summary>Whether to go on.</summary>
    private bool Apply(bool more)
    {
        if (more && actor.Recovered(_rows!.Current))
            return true;
        Await(DisposeRows(), _ =>
        {
            if (!more)
                actor.RecoverySucceeded();
        });
        return false;
    }

    private async ValueTask<bool> DisposeRows()
    {
        await _rows!.DisposeAsync().ConfigureAwait(false);
        return true;
    }

    private void Await<T>(ValueTask<T> result, Action<T> proceed)
    {
        if (result.IsCompleted)
        {
            Proceed(result, proceed);
            return;
        }

        var cell = actor.Cell;
        var activity = cell.System.Activity;
        cell.BeginOperation();
        activity?.Begin();
        var completed = new OperationCompleted(actor, () => Proceed(result, proceed));
        result.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() =>
        {
            cell.SendSystemMessage(completed);
            activity?.End();
        });
    }

    private void Proceed<T>(ValueTask<T> result, Action<T> proceed)
    {
        T value;
        try
        {
            value = result.GetAwaiter().GetResult();
        }
        catch (Exception cause)
        {
            actor.RecoveryFailed(cause, null);
            return;
        }

        proceed(value);
    }
}
