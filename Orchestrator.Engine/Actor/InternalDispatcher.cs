namespace Orchestrator.Engine.Actor;

/// <summary>
/// Threads of their own for the actors that must be heard in time while all others have more to do than there are processors (Akka's
/// <c>akka.actor.internal-dispatcher</c>): on the thread pool a sign of life waits behind everybody else's work at each of its hops, and a busy system takes its living nodes for lost. One
/// for all systems of the process, of which there may be hundreds (an agent has one of its own); its threads start when they are needed.
/// </summary>
internal sealed class InternalDispatcher
{
    private static readonly int MaxThreads = Math.Clamp(Environment.ProcessorCount, 2, 4);

    private readonly object _gate = new();
    private readonly Queue<IThreadPoolWorkItem> _queue = new();
    private int _threads;
    private int _idle;

    /// <summary>The one.</summary>
    public static InternalDispatcher Shared { get; } = new();

    /// <summary>Runs one turn of an actor, soon.</summary>
    public void Queue(IThreadPoolWorkItem turn)
    {
        lock (_gate)
        {
            _queue.Enqueue(turn);
            if (_idle > 0)
                Monitor.Pulse(_gate);
            else if (_threads < MaxThreads)
                new Thread(Run) { IsBackground = true, Name = $"akka internal {++_threads}" }.Start();
        }
    }

    private void Run()
    {
        while (true)
            Next().Execute();
    }

    private IThreadPoolWorkItem Next()
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                _idle++;
                Monitor.Wait(_gate);
                _idle--;
            }

            return _queue.Dequeue();
        }
    }
}
