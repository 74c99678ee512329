using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Resources;

namespace Orchestrator.Protocol.Nodes;

/// <summary>One object as the agent sees it. <paramref name="Json"/> is the stored UTF-8 JSON (resourceVersion included), or null once it is gone.</summary>
public sealed record ObjectState(ResourceKey Key, string Uid, long ResourceVersion, ReadOnlyMemory<byte>? Json);

// ---- agent → control plane. Sent to the node's control-plane endpoint (an IActorRef given to the agent at its start).

/// <summary>
/// First message of a connection. Creates the Node object if it is missing (labels, taints, status from <paramref name="NodeJson"/>, a
/// whole v1 Node), else updates its status. Answered with <see cref="AgentWelcome"/>, or <see cref="AgentRefused"/>. May be repeated; the newest agent wins.
/// <paramref name="Seen"/> is the newest resourceVersion the agent has been told: a member whose own picture is older does not welcome it before it has caught up,
/// because a list of pods from the past would end pods that the list does not know yet.
/// </summary>
[WireName("agent.hello.v1")]
public sealed record AgentHello(string NodeName, IActorRef Agent, ReadOnlyMemory<byte> NodeJson, long Seen = 0);

/// <summary>The node's status as observed (a v1 NodeStatus). Persisted only where it differs.</summary>
[WireName("agent.node-status.v1")]
public sealed record ReportNodeStatus(string NodeName, ReadOnlyMemory<byte> StatusJson);

/// <summary>The agent is alive and its runtime answers. Renews the node's lease; never a journal write of the Node. Answered with <see cref="AgentHeartbeatSeen"/> or <see cref="AgentUnknown"/>.</summary>
[WireName("agent.heartbeat.v1")]
public sealed record AgentHeartbeat(string NodeName);

/// <summary>A pod's whole status as observed (a v1 PodStatus). Answered with <see cref="PodStatusAccepted"/>; repeated until then.</summary>
[WireName("agent.pod-status.v1")]
public sealed record ReportPodStatus(ResourceKey Pod, string Uid, ReadOnlyMemory<byte> StatusJson, long Sequence);

/// <summary>A pod marked for deletion has stopped and everything of it is removed: the object may go. Answered by the pod's disappearance in <see cref="PodsChanged"/>.</summary>
[WireName("agent.pod-gone.v1")]
public sealed record ReportPodGone(ResourceKey Pod, string Uid);

/// <summary>Records an event about an object of this node (Kubernetes' event series are counted by the control plane). Type is Normal or Warning.</summary>
[WireName("agent.event.v1")]
public sealed record ReportEvent(ResourceKey About, string Kind, string ApiVersion, string Uid, string Type, string Reason, string Message, string FieldPath, string Component, string Host);

/// <summary>The complete set of objects (config maps, secrets, …) this agent wants to follow; replaces the previous set. Answered through <see cref="ObjectsChanged"/>, gone objects included.</summary>
[WireName("agent.follow-objects.v1")]
public sealed record FollowObjects(string NodeName, IReadOnlyList<ResourceKey> Keys);

/// <summary>The complete set of resources (e.g. <c>services</c>, <c>endpointslices.discovery.k8s.io</c>, <c>nodes</c>) this agent follows whole.</summary>
[WireName("agent.follow-resources.v1")]
public sealed record FollowResources(string NodeName, IReadOnlyList<string> Resources);

/// <summary>Asks for a service-account token bound to a pod. Answered with <see cref="PodToken"/> or a <see cref="PodTokenRefused"/>.</summary>
[WireName("agent.pod-token-request.v1")]
public sealed record RequestPodToken(ResourceKey Pod, string Uid, string ServiceAccount, IReadOnlyList<string> Audiences, TimeSpan Lifetime);

/// <summary>The agent has another member as its home (or stops): this one need not feed it any more.</summary>
[WireName("agent.left.v1")]
public sealed record AgentLeft(string NodeName);

/// <summary>
/// Asks for a new client certificate of the node before the present one ends: <paramref name="RequestPem"/> is a PKCS#10 request. The member makes a CertificateSigningRequest in the
/// node's name. Answered with <see cref="NodeCertificate"/> or <see cref="NodeCertificateRefused"/>.
/// </summary>
[WireName("agent.certificate-request.v1")]
public sealed record RequestNodeCertificate(string NodeName, string RequestPem);

// ---- control plane → agent

/// <summary>The connection is accepted. <paramref name="NodeJson"/> is the stored Node (spec.podCIDR set); <paramref name="Pods"/> are all pods bound to it, exactly.</summary>
[WireName("agent.welcome.v1")]
public sealed record AgentWelcome(ReadOnlyMemory<byte> NodeJson, IReadOnlyList<ObjectState> Pods);

/// <summary>Every member's endpoint for agents, as full actor paths: sent with a welcome and when members come or go. The agent keeps a connection to each.</summary>
[WireName("agent.members-changed.v1")]
public sealed record MembersChanged(IReadOnlyList<string> Endpoints);

/// <summary>Answers <see cref="RequestNodeCertificate"/>: the new certificate in PEM.</summary>
[WireName("agent.certificate.v1")]
public sealed record NodeCertificate(string Pem);

/// <summary>No certificate, and why.</summary>
[WireName("agent.certificate-refused.v1")]
public sealed record NodeCertificateRefused(string Reason);

/// <summary>The agent may not serve this node; it retries with back-off.</summary>
[WireName("agent.refused.v1")]
public sealed record AgentRefused(string Reason);

/// <summary>The sign of life came in, and the node's newest agent is told about its pods.</summary>
[WireName("agent.heartbeat-seen.v1")]
public sealed record AgentHeartbeatSeen;

/// <summary>The endpoint knows no agent of the node (it was restarted): the agent says hello again.</summary>
[WireName("agent.unknown.v1")]
public sealed record AgentUnknown(string NodeName);

/// <summary>Pods of the node that changed, in order, gone ones included.</summary>
[WireName("agent.pods-changed.v1")]
public sealed record PodsChanged(IReadOnlyList<ObjectState> Pods);

/// <summary>Followed objects that changed, in order, gone ones included. The first one after <see cref="FollowObjects"/> holds every newly followed key.</summary>
[WireName("agent.objects-changed.v1")]
public sealed record ObjectsChanged(IReadOnlyList<ObjectState> Objects);

/// <summary>The Node object changed (cordon, labels, podCIDR, deletion).</summary>
[WireName("agent.node-changed.v1")]
public sealed record NodeChanged(ReadOnlyMemory<byte> NodeJson);

/// <summary>The report with this sequence is durable or obsolete.</summary>
[WireName("agent.pod-status-accepted.v1")]
public sealed record PodStatusAccepted(ResourceKey Pod, string Uid, long Sequence);

/// <summary>A bound token and its end of life.</summary>
[WireName("agent.pod-token.v1")]
public sealed record PodToken(string Token, DateTimeOffset Expires);

/// <summary>No token, and why.</summary>
[WireName("agent.pod-token-refused.v1")]
public sealed record PodTokenRefused(string Reason);
