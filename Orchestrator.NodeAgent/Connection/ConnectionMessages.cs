namespace Orchestrator.NodeAgent.Connection;

/// <summary>To the node's agent: there is a home, say hello.</summary>
internal sealed record HomeFound
{
    public static HomeFound Instance { get; } = new();
}

/// <summary>To the node's agent: the home is gone; pods run on, what is said meanwhile is repeated after the next welcome.</summary>
internal sealed record HomeLost
{
    public static HomeLost Instance { get; } = new();
}

/// <summary>From whoever starts the agent: this is the node's agent.</summary>
internal sealed record ConnectAgent(Orchestrator.Engine.Actor.IActorRef Agent);
