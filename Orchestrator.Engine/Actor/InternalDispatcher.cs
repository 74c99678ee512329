namespace Orchestrator.Engine.Actor;

/// <summary>
/// Threads of their own for the actors that must be heard in time while all others have more to do than there are processors (Akka's
/// <c>akka.actor.internal-dispatcher</c>): on the thread pool a sign of life waits behind everybody else's work at each of its hops, and a busy system takes its living nodes for lost. Started
/// at first use, ended with the system.
/// </summary>
internal sealed class InternalDispatcher
{
    private static readonly int MaxThreads = Math.Clamp(Environment.ProcessorCount, 2, 4);

    private readonly object _gate = new();
    private readonly Queue<IThreadPoolWorkItem> _queue = new();
    private int _threads;
    private int _idle;
    private bool _stopped;

    /// <summary>Runs one turn of an actor, soon.</summary>
    public void Queue(IThreadPoolWorkItem turn)
    {
        lock (_gate)
        {
            if (!_stopped)
            {
                _queue.Enqueue(turn);
                if (_idle > 0)
                    Monitor.Pulse(_gate);
                else if (_threads < MaxThreads)
                    new Thread(Run) { IsBackground = true, Name = $"akka internal {++_threads}" }.Start();
                return;
            }
        }

        // What is left of an actor after the system's end.
        ThreadPool.UnsafeQueueUserWorkItem(turn, preferLocal: false);
    }

    /// <summary>The threads end when nothing waits.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Run()
    {
        while (Next() is { } turn)
            turn.Execute();
    }

    private IThreadPoolWorkItem? Next()
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_stopped)
                    return null;
                _idle++;
                Monitor.Wait(_gate);
                _idle--;
            }

            return _queue.Dequeue();
        }
    }
}
