using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Events;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;

namespace Orchestrator.Actors.Nodes;

/// <summary>Issues service-account tokens for pods; wired to the API server's keys.</summary>
public delegate PodToken PodTokenIssuer(RequestPodToken request);

/// <summary>
/// Where agents connect: one per member. Feeds each connected agent from this member's cache (its pods, the objects it follows, its Node) and passes its reports to
/// the objects' actors. Holds nothing that a reconnecting agent does not bring along.
/// </summary>
public sealed class AgentEndpointActor : ReceiveActor
{
    private static readonly TimeSpan RegisterDeadline = TimeSpan.FromSeconds(15);

    private readonly ControlPlaneServices _services;
    private readonly PodTokenIssuer _tokens;
    private readonly Dictionary<string, AgentFeed> _feeds = [];
    private IDisposable? _subscription;

    /// <param name="services">Shared services.</param>
    /// <param name="tokens">Issues pods' tokens.</param>
    public AgentEndpointActor(ControlPlaneServices services, PodTokenIssuer tokens)
    {
        (_services, _tokens) = (services, tokens);
        Receive<Folded>(folded =>
        {
            foreach (var feed in _feeds.Values) feed.Offer(folded.Changes, Self);
        });
        Receive<AgentHello>(OnHello);
        Receive<Registered>(OnRegistered);
        Receive<Terminated>(OnAgentGone);
        Receive<FollowObjects>(follow => Feed(follow.NodeName)?.Follow(follow.Keys, Self));
        Receive<FollowResources>(follow => Feed(follow.NodeName)?.FollowAll(follow.Resources, Self));
        Receive<AgentHeartbeat>(OnHeartbeat);
        Receive<ReportNodeStatus>(report => Forward(NodeKey(report.NodeName), report));
        Receive<ReportPodStatus>(report => Forward(report.Pod, report));
        Receive<ReportPodGone>(report => Forward(report.Pod, report));
        Receive<ReportEvent>(OnEvent);
        Receive<RequestPodToken>(OnToken);
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var self = Self;
        _subscription = _services.Cache.Subscribe(changes => self.Tell(new Folded(changes), self));
    }

    /// <inheritdoc/>
    protected override void PostStop() => _subscription?.Dispose();

    private void OnHello(AgentHello hello)
    {
        _services.Region.Ask<object>(new ToEntity(NodeKey(hello.NodeName), new RegisterNode(hello.NodeJson)), RegisterDeadline)
            .PipeTo(Self, Self, answer => new Registered(hello, answer), e => new Registered(hello, new NodeNotRegistered(e.Message)));
    }

    private void OnRegistered(Registered registered)
    {
        var (hello, answer) = (registered.Hello, registered.Answer);
        if (answer is not NodeRegistered || _services.Cache.Get(NodeKey(hello.NodeName)) is not { } node)
        {
            hello.Agent.Tell(new AgentRefused(answer is NodeNotRegistered refused ? refused.Reason : "the node is gone again"), Self);
            return;
        }
        if (_feeds.Remove(hello.NodeName, out var former) && !former.Agent.Equals(hello.Agent)) Context.Unwatch(former.Agent);
        Context.Watch(hello.Agent);
        var feed = new AgentFeed(hello.NodeName, hello.Agent, _services.Cache);
        _feeds[hello.NodeName] = feed;
        feed.Welcome(node, Self);
    }

    /// <summary>Alive is alive, known or not; but an agent without a feed hears nothing and must say hello. One that a newer agent replaced must not: they would take the node from each other for ever.</summary>
    private void OnHeartbeat(AgentHeartbeat beat)
    {
        Forward(NodeKey(beat.NodeName), beat);
        Sender.Tell(Feed(beat.NodeName) is null ? new AgentUnknown(beat.NodeName) : new AgentHeartbeatSeen(), Self);
    }

    private void OnAgentGone(Terminated gone)
    {
        foreach (var (node, _) in _feeds.Where(f => f.Value.Agent.Equals(gone.ActorRef)).ToList()) _feeds.Remove(node);
    }

    private void OnEvent(ReportEvent e) => _services.Events.Tell(new RecordEvent(e.About.Namespace, e.Kind, e.ApiVersion, e.About.Name, e.Uid, "", e.FieldPath,
        e.Type, e.Reason, e.Message, e.Component, e.Host), Self);

    private void OnToken(RequestPodToken request)
    {
        var pod = _services.Cache.Get(request.Pod);
        if (pod is null || pod.Uid != request.Uid) Sender.Tell(new PodTokenRefused($"pod {request.Pod.Namespace}/{request.Pod.Name} is gone"), Self);
        else if (_services.Cache.Get(new ResourceKey("serviceaccounts", request.Pod.Namespace, request.ServiceAccount)) is null)
            Sender.Tell(new PodTokenRefused($"serviceaccounts \"{request.ServiceAccount}\" not found"), Self);
        else Sender.Tell(_tokens(request), Self);
    }

    private AgentFeed? Feed(string node) => _feeds.GetValueOrDefault(node);

    // The sender stays the agent: it is the one to be answered.
    private void Forward(ResourceKey key, object message) => _services.Region.Tell(new ToEntity(key, message), Sender);

    private static ResourceKey NodeKey(string name) => new("nodes", "", name);

    private sealed record Folded(IReadOnlyList<ResourceChange> Changes);

    private sealed record Registered(AgentHello Hello, object Answer);
}
