namespace Orchestrator.Engine.Actor;

/// <summary>Results of tasks as messages: how an actor waits for something without holding its mailbox.</summary>
public static class PipeToExtensions
{
    /// <summary>
    /// Sends the task's result to <paramref name="recipient"/> when it is there: <paramref name="success"/> of it, or <paramref name="failure"/> of the exception
    /// (default: <see cref="Status.Failure"/>).
    /// </summary>
    public static void PipeTo<T>(this Task<T> task, IActorRef recipient, IActorRef? sender = null, Func<T, object>? success = null, Func<Exception, object>? failure = null)
    {
        if (task.IsCompletedSuccessfully)
            recipient.Tell(success is null ? task.Result! : success(task.Result), sender);
        else
            Pipe(task, recipient, sender, static (done, convert) => convert is null ? done.Result! : convert(done.Result), success, failure);
    }

    /// <summary>As for <see cref="Task{T}"/>; without <paramref name="success"/> a success sends nothing.</summary>
    public static void PipeTo(this Task task, IActorRef recipient, IActorRef? sender = null, Func<object>? success = null, Func<Exception, object>? failure = null) =>
        Pipe(task, recipient, sender, static (_, convert) => convert?.Invoke(), success, failure);

    /// <summary>As for <see cref="Task{T}"/>.</summary>
    public static void PipeTo<T>(this ValueTask<T> task, IActorRef recipient, IActorRef? sender = null, Func<T, object>? success = null, Func<Exception, object>? failure = null) =>
        task.AsTask().PipeTo(recipient, sender, success, failure);

    private static void Pipe<TTask, TConvert>(
        TTask task, IActorRef recipient, IActorRef? sender, Func<TTask, TConvert, object?> result, TConvert convert, Func<Exception, object>? failure)
        where TTask : Task
    {
        // What has ended already needs no hop through the pool, where nobody could tell that something is still under way.
        if (task.IsCompleted)
            Tell();
        else
            task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(Tell);

        void Tell()
        {
            object? message;
            try
            {
                task.GetAwaiter().GetResult();
                message = result(task, convert);
            }
            catch (Exception cause)
            {
                message = failure is null ? new Status.Failure(cause) : failure(cause);
            }

            if (message is not null)
                recipient.Tell(message, sender);
        }
    }
}
