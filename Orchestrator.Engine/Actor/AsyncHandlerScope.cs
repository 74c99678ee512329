namespace Orchestrator.Engine.Actor;

/// <summary>
/// One run of an asynchronous handler: its continuations come back to the actor, one at a time, ahead of user messages. Abandoned when the actor
/// stops or restarts: what is left of the handler then runs on the pool, outside the actor, so that its finally blocks still run.
/// </summary>
internal sealed class AsyncHandlerScope(ActorCell cell) : SynchronizationContext
{
    private volatile bool _abandoned;

    public bool IsAbandoned => _abandoned;

    public void Abandon() => _abandoned = true;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (_abandoned)
            ThreadPool.UnsafeQueueUserWorkItem(static work => work.Callback(work.State), (Callback: d, State: state), preferLocal: false);
        else
            cell.SendSystemMessage(new ContinueMessage(this, d, state));
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("An actor cannot be entered synchronously.");

    public override SynchronizationContext CreateCopy() => this;

    public void RunDetached(ContinueMessage continuation)
    {
        _abandoned = true;
        ThreadPool.UnsafeQueueUserWorkItem(static work => work.Run(), continuation, preferLocal: false);
    }
}

/// <summary>Asynchronous handlers: the mailbox takes no user message until the handler's task is done.</summary>
internal sealed partial class ActorCell
{
    private AsyncHandlerScope? _asyncScope;

    /// <summary>Runs <paramref name="handler"/>; where it does not finish at once, user messages wait for it.</summary>
    internal void RunAsync<T>(Func<T, Task> handler, T message)
    {
        if (_asyncScope is not null)
            throw new IllegalActorStateException("An asynchronous handler is already running.");
        var scope = new AsyncHandlerScope(this);
        var previous = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(scope);
        Task task;
        try
        {
            task = handler(message);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(previous);
        }

        if (task.IsCompleted)
        {
            task.GetAwaiter().GetResult();
            return;
        }

        _asyncScope = scope;
        task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() => SendSystemMessage(new AsyncHandlerCompleted(scope, task)));
    }

    private void ContinueAsync(ContinueMessage continuation)
    {
        if (!ReferenceEquals(continuation.Scope, _asyncScope))
        {
            continuation.Scope.RunDetached(continuation);
            return;
        }

        var previous = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(continuation.Scope);
        try
        {
            continuation.Run();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(previous);
        }
    }

    private void CompleteAsync(AsyncHandlerCompleted completed)
    {
        if (!ReferenceEquals(completed.Scope, _asyncScope))
            return;
        _asyncScope = null;
        completed.Task.GetAwaiter().GetResult();
        _actor!.AfterAsyncHandler();
        _currentEnvelope = null;
        _unwrapped = null;
    }

    private void AbandonAsync()
    {
        _asyncScope?.Abandon();
        _asyncScope = null;
    }
}
