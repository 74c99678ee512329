using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Actors.Nodes;

/// <summary>The agent of this node has connected: makes or refreshes the Node object. Answered with <see cref="NodeRegistered"/> or <see cref="NodeNotRegistered"/>.</summary>
[WireName("node.register.v1")]
public sealed record RegisterNode(ReadOnlyMemory<byte> NodeJson);

/// <summary>The Node is stored, at that resourceVersion or earlier, and has its pod subnet.</summary>
[WireName("node.registered.v1")]
public sealed record NodeRegistered(string NodeName, long ResourceVersion);

/// <summary>The Node could not be stored.</summary>
[WireName("node.not-registered.v1")]
public sealed record NodeNotRegistered(string Reason);
