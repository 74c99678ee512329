using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Singleton;

/// <summary>Stands for the singleton wherever it runs: forwards messages to it and keeps them while there is none, up to a limit, the oldest being dropped.</summary>
public sealed class ClusterSingletonProxy : UntypedActor
{
    private readonly IActorRef _manager;
    private readonly int _bufferSize;
    private readonly Queue<(object Message, IActorRef Sender)> _buffer = new();
    private IActorRef? _singleton;

    private ClusterSingletonProxy(IActorRef manager, int bufferSize)
    {
        _manager = manager;
        _bufferSize = bufferSize;
    }

    /// <summary>Props of a proxy of the singleton of <paramref name="manager"/>.</summary>
    public static Props Props(IActorRef manager, int bufferSize = 1000) => Actor.Props.Create(() => new ClusterSingletonProxy(manager, bufferSize));

    /// <inheritdoc/>
    protected override void PreStart() => _manager.Tell(new ClusterSingletonManager.Observe(Self), Self);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        if (message is ClusterSingletonManager.SingletonIs now)
        {
            _singleton = now.Singleton;
            while (_singleton is not null && _buffer.TryDequeue(out var waiting))
                _singleton.Tell(waiting.Message, waiting.Sender);
        }
        else if (_singleton is not null)
        {
            _singleton.Forward(message);
        }
        else
        {
            if (_buffer.Count >= _bufferSize && _buffer.TryDequeue(out var oldest))
                Context.System.DeadLetters.Tell(oldest.Message, oldest.Sender);
            _buffer.Enqueue((message, Sender));
        }
    }
}
