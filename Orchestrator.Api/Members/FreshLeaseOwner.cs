using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Singleton;

namespace Orchestrator.Api.Members;

/// <summary>
/// Leases that are told only when this member's view has everything that the former owner wrote: a scheduler that starts on an older picture would give the same room twice.
/// </summary>
internal sealed class FreshLeaseOwner(ILeaseOwner inner, Func<CancellationToken, Task> caughtUp, TimeProvider time, ILogger logger) : ILeaseOwner
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly MemberLog _log = new(logger);

    /// <inheritdoc/>
    public void Acquire(string name, Action<bool> onChange)
    {
        var told = new Turn(name, onChange, time, _log);
        inner.Acquire(name, owned => told.Change(owned, caughtUp));
    }

    /// <inheritdoc/>
    public void Release(string name) => inner.Release(name);

    /// <summary>The changes of one lease in order; a gain that is lost before the view has caught up is never told.</summary>
    private sealed class Turn(string name, Action<bool> onChange, TimeProvider time, MemberLog log)
    {
        private readonly Lock _lock = new();
        private CancellationTokenSource? _waiting;
        private bool _told;

        public void Change(bool owned, Func<CancellationToken, Task> caughtUp)
        {
            lock (_lock)
            {
                _waiting?.Cancel();
                _waiting = null;
                if (!owned)
                {
                    Tell(false);
                    return;
                }
                var waiting = _waiting = new CancellationTokenSource();
                _ = TellWhenCaughtUpAsync(waiting, caughtUp);
            }
        }

        private async Task TellWhenCaughtUpAsync(CancellationTokenSource waiting, Func<CancellationToken, Task> caughtUp)
        {
            try
            {
                // Off the caller's thread and out of its lock, whatever the wait does.
                await Task.Run(() => CatchUpAsync(caughtUp, waiting.Token), waiting.Token);
            }
            catch (OperationCanceledException) when (waiting.IsCancellationRequested)
            {
                return; // lost again
            }
            lock (_lock)
            {
                if (!ReferenceEquals(_waiting, waiting)) return;
                _waiting = null;
                Tell(true);
            }
        }

        /// <summary>Tries until it succeeds or the lease is lost, which it is where the database stays away.</summary>
        private async Task CatchUpAsync(Func<CancellationToken, Task> caughtUp, CancellationToken cancel)
        {
            while (true)
            {
                try
                {
                    await caughtUp(cancel);
                    return;
                }
                catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
                {
                    log.NotCaughtUp(name, e);
                    await Task.Delay(Pause, time, cancel);
                }
            }
        }

        private void Tell(bool owned)
        {
            if (_told == owned) return;
            _told = owned;
            onChange(owned);
        }
    }
}
