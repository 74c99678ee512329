namespace Orchestrator.Engine.Actor;

/// <summary>Requests with an answer, from outside or inside an actor.</summary>
public static class AskExtensions
{
    /// <summary>
    /// Sends <paramref name="message"/> with a temporary sender and completes with the first answer. An answer <see cref="Status.Failure"/> fails the task with
    /// its cause; another type than <typeparamref name="T"/> with <see cref="ArgumentException"/>; none within <paramref name="timeout"/> (null: for ever) with <see cref="AskTimeoutException"/>.
    /// </summary>
    public static Task<T> Ask<T>(this IActorRef receiver, object message, TimeSpan? timeout = null, CancellationToken cancel = default)
    {
        var promise = new PromiseRef<T>((receiver as InternalActorRef)?.System, receiver);
        promise.Arm(message, timeout, cancel);
        receiver.Tell(message, promise);
        return promise.Task;
    }

    /// <summary>As <see cref="Ask{T}"/>, for any answer.</summary>
    public static Task<object> Ask(this IActorRef receiver, object message, TimeSpan? timeout = null, CancellationToken cancel = default) =>
        receiver.Ask<object>(message, timeout, cancel);

    /// <summary>
    /// Sends <paramref name="stopMessage"/> (default: <see cref="PoisonPill"/>) and completes with true when the actor is gone; fails with
    /// <see cref="TaskCanceledException"/> after <paramref name="timeout"/>.
    /// </summary>
    public static async Task<bool> GracefulStop(this IActorRef receiver, TimeSpan timeout, object? stopMessage = null)
    {
        var actor = (InternalActorRef)receiver;
        var promise = new PromiseRef<Terminated>(actor.System, receiver);
        promise.Arm("GracefulStop", timeout, default);
        actor.SendSystemMessage(new WatchMessage(promise));
        receiver.Tell(stopMessage ?? PoisonPill.Instance, null);
        try
        {
            await promise.Task.ConfigureAwait(false);
            return true;
        }
        catch (AskTimeoutException late)
        {
            throw new TaskCanceledException($"{receiver} did not stop within {timeout}.", late);
        }
    }
}

/// <summary>The temporary sender of an Ask.</summary>
internal sealed class PromiseRef<T>(ActorSystem? system, IActorRef receiver) : TemporaryActorRef(system)
{
    private readonly TaskCompletionSource<T> _promise = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _timer;
    private CancellationTokenRegistration _cancellation;

    public Task<T> Task => _promise.Task;

    protected override bool IsCompleted => _promise.Task.IsCompleted;

    public void Arm(object message, TimeSpan? timeout, CancellationToken cancel)
    {
        if (timeout is { } limit && limit != Timeout.InfiniteTimeSpan)
        {
            var question = message as string ?? message.GetType().Name;
            _timer = (System?.TimeProvider ?? TimeProvider.System).CreateTimer(
                state => Fail(new AskTimeoutException($"No answer from {receiver} to {question} within {limit}.")), null, limit, Timeout.InfiniteTimeSpan);
        }

        if (cancel.CanBeCanceled)
            _cancellation = cancel.UnsafeRegister(static (state, token) => ((PromiseRef<T>)state!).Cancel(token), this);
    }

    public override void Tell(object message, IActorRef? sender)
    {
        bool first;
        switch (message)
        {
            case Status.Failure failure:
                first = _promise.TrySetException(failure.Cause);
                break;
            case T answer:
                first = _promise.TrySetResult(answer);
                break;
            case Status.Success { Value: T value }:
                first = _promise.TrySetResult(value);
                break;
            default:
                first = _promise.TrySetException(new ArgumentException($"{receiver} answered {message.GetType()} where {typeof(T)} was expected."));
                break;
        }

        if (first)
            Release();
        else
            System?.DeadLetters.Tell(message, sender);
    }

    internal override void SendSystemMessage(SystemMessage message)
    {
        if (message is DeathWatchNotification gone)
            Tell(new Terminated(gone.Actor, gone.ExistenceConfirmed), gone.Actor);
        else
            base.SendSystemMessage(message);
    }

    private void Fail(Exception cause)
    {
        if (_promise.TrySetException(cause))
            Release();
    }

    private void Cancel(CancellationToken token)
    {
        if (!_promise.TrySetCanceled(token))
            return;
        _timer?.Dispose();
        Withdraw();
    }

    private void Release()
    {
        _timer?.Dispose();
        _cancellation.Dispose();
        Withdraw();
    }
}
