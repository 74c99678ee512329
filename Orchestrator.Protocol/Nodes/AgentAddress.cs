using Orchestrator.Engine.Actor;

namespace Orchestrator.Protocol.Nodes;

/// <summary>How an agent's system is addressed: <c>akka.tls://orchestrator-agent@NODE</c>. It only dials out; members hold it to the node its certificate names.</summary>
public static class AgentAddress
{
    /// <summary>Name of every agent's actor system.</summary>
    public const string System = "orchestrator-agent";

    /// <summary>Name of the members' actor below <c>/user</c> that agents talk to.</summary>
    public const string EndpointName = "agents";

    /// <summary>Path of that actor within a member.</summary>
    public const string EndpointPath = "/user/" + EndpointName;

    /// <summary>The address of a node's agent.</summary>
    public static Address Of(string node) => Address.Remote(System, node, null);

    /// <summary>The node whose agent's system that is; null for any other system.</summary>
    public static string? NodeOf(Address address) => address is { System: System, CanBeDialled: false } ? address.Host : null;
}
