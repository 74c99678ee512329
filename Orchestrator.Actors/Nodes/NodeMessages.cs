namespace Orchestrator.Actors.Nodes;

/// <summary>The agent of this node has connected: makes or refreshes the Node object. Answered with <see cref="NodeRegistered"/> or <see cref="NodeNotRegistered"/>.</summary>
public sealed record RegisterNode(ReadOnlyMemory<byte> NodeJson);

/// <summary>The Node is stored and has its pod subnet.</summary>
public sealed record NodeRegistered(string NodeName);

/// <summary>The Node could not be stored.</summary>
public sealed record NodeNotRegistered(string Reason);
