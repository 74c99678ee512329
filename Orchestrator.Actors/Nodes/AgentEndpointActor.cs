using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Events;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Writing;
using Status = Orchestrator.Engine.Actor.Status;

namespace Orchestrator.Actors.Nodes;

/// <summary>Issues service-account tokens for pods; wired to the API server's keys.</summary>
public delegate PodToken PodTokenIssuer(RequestPodToken request);

/// <summary>
/// Where agents connect: one per member. Feeds each agent whose home this member is from this member's cache (its pods, the objects it follows, its Node) and passes its reports to
/// the objects' actors. Holds nothing that a reconnecting agent does not bring along. Every message is held to the node of its sender (<see cref="AgentRights"/>).
/// </summary>
public sealed partial class AgentEndpointActor : ReceiveActor
{
    private const string RestrictedLabel = "node-restriction.kubernetes.io/";
    private static readonly TimeSpan RegisterDeadline = TimeSpan.FromSeconds(15);

    private readonly ControlPlaneServices _services;
    private readonly PodTokenIssuer _tokens;
    private readonly ILogger _log;
    private readonly AgentFeeds _feeds = new();
    private IReadOnlyList<string> _endpoints = [];
    private IDisposable? _subscription;

    /// <param name="services">Shared services.</param>
    /// <param name="tokens">Issues pods' tokens.</param>
    public AgentEndpointActor(ControlPlaneServices services, PodTokenIssuer tokens)
    {
        (_services, _tokens) = (services, tokens);
        _log = services.Logging.CreateLogger<AgentEndpointActor>();
        Receive<Folded>(folded => _feeds.Offer(folded.Changes, Self));
        Receive<ClusterEvent.CurrentClusterState>(_ => OnMembers());
        Receive<ClusterEvent.IMemberEvent>(_ => OnMembers());
        Receive<ClusterEvent.LeaderChanged>(_ => { });
        Receive<Registered>(OnRegistered);
        Receive<CaughtUp>(OnCaughtUp);
        Receive<Terminated>(gone => Forget(gone.ActorRef));
        From<AgentHello>((rights, hello) => rights.Is(hello.NodeName) && rights.Owns(hello.Agent), OnHello);
        From<AgentLeft>((rights, left) => rights.Is(left.NodeName), OnLeft);
        From<FollowObjects>((rights, follow) => rights.Is(follow.NodeName), OnFollow);
        From<FollowResources>((rights, follow) => rights.Is(follow.NodeName), OnFollowAll);
        From<AgentHeartbeat>((rights, beat) => rights.Is(beat.NodeName), OnHeartbeat);
        From<ReportNodeStatus>((rights, report) => rights.Is(report.NodeName), report => Forward(NodeKey(report.NodeName), report));
        From<ReportPodStatus>((rights, report) => rights.Runs(report.Pod, report.Uid), report => Forward(report.Pod, report));
        From<ReportPodGone>((rights, report) => rights.Runs(report.Pod, report.Uid), report => Forward(report.Pod, report));
        From<ReportEvent>((rights, e) => rights.MayReportOn(e), OnEvent);
        From<RequestPodToken>((rights, request) => rights.Runs(request.Pod, request.Uid), OnToken);
        From<RequestNodeCertificate>((rights, request) => rights.Is(request.NodeName), OnCertificate);
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var self = Self;
        _subscription = _services.Cache.Subscribe(changes => self.Tell(new Folded(changes), self));
        Cluster.Get(Context.System).Subscribe(Self);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        Cluster.Get(Context.System).Unsubscribe(Self);
        _subscription?.Dispose();
    }

    /// <summary>Handles a message of an agent where its sender has the right to send it; else logs it and lets it fall.</summary>
    private void From<T>(Func<AgentRights, T, bool> may, Action<T> handle) => Receive<T>(message =>
    {
        if (may(Rights(), message)) handle(message);
        else LogRefused(_log, Sender.Path.ToString(), typeof(T).Name);
    });

    private AgentRights Rights() => AgentRights.Of(Sender.Equals(Context.System.DeadLetters) ? null : Sender, Context.System.Address, _services.Cache);

    private void OnHello(AgentHello hello)
    {
        if (!Rights().IsTrusted && Forbidden(hello) is { } reason)
        {
            hello.Agent.Tell(new AgentRefused(reason), Self);
            return;
        }
        _services.Region.Ask<object>(new ToEntity(NodeKey(hello.NodeName), new RegisterNode(hello.NodeJson)), RegisterDeadline)
            .PipeTo(Self, Self, answer => new Registered(hello, answer), e => new Registered(hello, new NodeNotRegistered(e.Message)));
    }

    private static string? Forbidden(AgentHello hello)
    {
        var metadata = ObjectMeta.Of(JsonNode.Parse(hello.NodeJson.Span)!.AsObject());
        if ((string?)metadata["name"] != hello.NodeName) return $"node {hello.NodeName} may not register node {metadata["name"]}";
        return metadata["labels"] is JsonObject labels && labels.FirstOrDefault(l => l.Key.Contains(RestrictedLabel, StringComparison.Ordinal)).Key is { } label
            ? $"is not allowed to set the label {label}: only administrators do" : null;
    }

    /// <summary>Stored; but this member's picture may be older than that, and than what another member has told the agent.</summary>
    private void OnRegistered(Registered registered)
    {
        if (registered.Answer is not NodeRegistered node)
        {
            registered.Hello.Agent.Tell(new AgentRefused(registered.Answer is NodeNotRegistered refused ? refused.Reason : $"unexpected answer {registered.Answer.GetType().Name}"), Self);
            return;
        }
        var hello = registered.Hello;
        _services.Cache.WaitForAsync(Math.Max(node.ResourceVersion, hello.Seen)).WaitAsync(RegisterDeadline, _services.Time)
            .PipeTo(Self, Self, () => new CaughtUp(hello, null), e => new CaughtUp(hello, e));
    }

    private void OnCaughtUp(CaughtUp ready)
    {
        var hello = ready.Hello;
        if (ready.Failure is not null || _services.Cache.Get(NodeKey(hello.NodeName)) is not { } node)
        {
            hello.Agent.Tell(new AgentRefused(ready.Failure is null ? "the node is gone again" : "this member has not caught up with the others yet"), Self);
            return;
        }
        if (_feeds.Of(hello.NodeName) is { } former && !former.Agent.Equals(hello.Agent)) Context.Unwatch(former.Agent);
        Context.Watch(hello.Agent);
        var feed = new AgentFeed(hello.NodeName, hello.Agent, _services.Cache);
        _feeds.Add(feed);
        feed.Welcome(node, Self);
        hello.Agent.Tell(new MembersChanged(_endpoints), Self);
    }

    private void OnLeft(AgentLeft left)
    {
        if (_feeds.Of(left.NodeName) is { } feed && Rights().Owns(feed.Agent)) Forget(feed.Agent);
    }

    private void Forget(IActorRef agent)
    {
        if (_feeds.RemoveAgent(agent) is { } feed) Context.Unwatch(feed.Agent);
    }

    private void OnFollow(FollowObjects follow)
    {
        if (_feeds.Of(follow.NodeName) is { } feed) _feeds.Follow(feed, Rights().Readable(follow.Keys), Self);
    }

    private void OnFollowAll(FollowResources follow)
    {
        if (_feeds.Of(follow.NodeName) is { } feed) _feeds.FollowAll(feed, Rights().Followable(follow.Resources), Self);
    }

    /// <summary>Alive is alive, known or not; but an agent without a feed hears nothing and must say hello. One that a newer agent replaced must not: they would take the node from each other for ever.</summary>
    private void OnHeartbeat(AgentHeartbeat beat)
    {
        Forward(NodeKey(beat.NodeName), beat);
        Sender.Tell(_feeds.Of(beat.NodeName) is null ? new AgentUnknown(beat.NodeName) : new AgentHeartbeatSeen(), Self);
    }

    private void OnEvent(ReportEvent e) => _services.Events.Tell(new RecordEvent(e.About.Namespace, e.Kind, e.ApiVersion, e.About.Name, e.Uid, "", e.FieldPath,
        e.Type, e.Reason, e.Message, e.Component, e.Host), Self);

    private void OnToken(RequestPodToken request)
    {
        var pod = _services.Cache.Get(request.Pod);
        if (pod is null || pod.Uid != request.Uid) Sender.Tell(new PodTokenRefused($"pod {request.Pod.Namespace}/{request.Pod.Name} is gone"), Self);
        else if (!Rights().IsTrusted && pod.Read<Pod>().Spec.ServiceAccountName != request.ServiceAccount)
            Sender.Tell(new PodTokenRefused($"pod {request.Pod.Namespace}/{request.Pod.Name} does not run as {request.ServiceAccount}"), Self);
        else if (_services.Cache.Get(new ResourceKey("serviceaccounts", request.Pod.Namespace, request.ServiceAccount)) is null)
            Sender.Tell(new PodTokenRefused($"serviceaccounts \"{request.ServiceAccount}\" not found"), Self);
        else Sender.Tell(_tokens(request), Self);
    }

    private void OnCertificate(RequestNodeCertificate request)
    {
        var (services, asked) = (_services, Sender);
        new Certificates.NodeCertificateRequests(services).RenewAsync(request)
            .PipeTo(asked, Self, answer => answer, e => new NodeCertificateRefused(e.Message));
    }

    private void OnMembers()
    {
        var own = Context.System.Address;
        var others = Cluster.Get(Context.System).State.Members.Where(m => m.Status == MemberStatus.Up)
            .Select(m => Address.TryParse(m.Address, out var address) && address.CanBeDialled ? address : null).OfType<Address>();
        var endpoints = others.Concat(own.CanBeDialled ? [own] : []).Select(a => a + AgentAddress.EndpointPath).Distinct().Order(StringComparer.Ordinal).ToList();
        if (endpoints.SequenceEqual(_endpoints)) return;
        _endpoints = endpoints;
        foreach (var feed in _feeds.All) feed.Agent.Tell(new MembersChanged(_endpoints), Self);
    }

    // The sender stays the agent: it is the one to be answered.
    private void Forward(ResourceKey key, object message) => _services.Region.Tell(new ToEntity(key, message), Sender);

    private static ResourceKey NodeKey(string name) => new("nodes", "", name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sender} may not send this {Message}: it speaks for another node, or for a pod that is not bound to its own")]
    private static partial void LogRefused(ILogger log, string sender, string message);

    private sealed record Folded(IReadOnlyList<ResourceChange> Changes);

    private sealed record Registered(AgentHello Hello, object Answer);

    private sealed record CaughtUp(AgentHello Hello, Exception? Failure);
}
