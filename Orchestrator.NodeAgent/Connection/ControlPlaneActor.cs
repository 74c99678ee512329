using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.Protocol.Nodes;

namespace Orchestrator.NodeAgent.Connection;

/// <summary>
/// The control plane, as the node's agent sees it from another process: keeps a connection to every member (watching its endpoint keeps dialling it), has one of them as home, to
/// which everything goes and from which everything is taken, and takes another one at once when the home is lost or refuses.
/// </summary>
/// <remarks>
/// <code>
///   Without home ── a member is connected ──► Home chosen (agent says hello) ── welcome ──► Welcomed
///        ▲                                        │ refused, or no answer: the next one        │
///        └──── connection or endpoint lost ───────┴──────────────◄──────────────────────────────┘
/// </code>
/// What nobody repeats soon (events, requests for a certificate) waits here while there is no welcome, the newest <see cref="MostWaiting"/> of them; everything else is repeated by its sender.
/// </remarks>
internal sealed class ControlPlaneActor : ReceiveActor, IWithTimers
{
    private const int MostWaiting = 1000;

    private readonly AgentConnectionOptions _options;
    private readonly HomeChoice _choice;
    private readonly Dictionary<string, IActorRef> _endpoints = new(StringComparer.Ordinal);
    private readonly Queue<(object Message, IActorRef Sender)> _waiting = new();
    private IActorRef? _agent;
    private bool _welcomed;

    /// <param name="options">Where the members are.</param>
    public ControlPlaneActor(AgentConnectionOptions options)
    {
        _options = options;
        _choice = new HomeChoice(options.Random);
        Receive<ConnectAgent>(connect =>
        {
            _agent = connect.Agent;
            if (_choice.Home is not null) _agent.Tell(HomeFound.Instance, Self);
        });
        Receive<AssociatedEvent>(up => ForMemberAt(up.RemoteAddress, OnConnected));
        Receive<DisassociatedEvent>(down => ForMemberAt(down.RemoteAddress, OnLost));
        Receive<Terminated>(OnTerminated);
        Receive<Look>(OnLook);
        Receive<MembersChanged>(OnMembers);
        Receive<AgentWelcome>(OnWelcome);
        Receive<AgentRefused>(OnRefused);
        Receive<AgentHello>(OnHello);
        Receive<ReportEvent>(report => SendOrKeep(report, Self));
        Receive<RequestNodeCertificate>(request => SendOrKeep(request, Sender));
        Receive<HelloUnanswered>(OnHelloUnanswered);
        Receive<Status.Failure>(failure => throw new InvalidOperationException("the list of members could not be kept", failure.Cause));
        ReceiveAny(message =>
        {
            if (IsMember(Sender)) FromMember(message);
            else ToHome(message);
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe<AssociatedEvent>(Self);
        Context.System.EventStream.Subscribe<DisassociatedEvent>(Self);
        Use(_options.Members);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        Context.System.EventStream.Unsubscribe(Self);
        if (Home is { } home) home.Tell(new AgentLeft(_options.NodeName), Self);
    }

    private IActorRef? Home => _choice.Home is { } home ? _endpoints[home] : null;

    // ---- members come and go

    private void Use(IReadOnlyList<string> members)
    {
        var home = _choice.Home;
        var (added, removed) = _choice.Set(members);
        foreach (var member in removed)
            if (_endpoints.Remove(member, out var endpoint)) Context.Unwatch(endpoint);
        var remoting = Remoting.Get(Context.System);
        foreach (var member in added)
        {
            var endpoint = Context.System.ResolveActorRef(member);
            _endpoints[member] = endpoint;
            Context.Watch(endpoint);
            if (remoting.IsConnected(endpoint.Path.Address)) _choice.Connected(member);
        }
        if (home is not null && _choice.Home is null) Lost();
        Choose(again: false);
    }

    private void OnMembers(MembersChanged changed)
    {
        if (!IsHome(Sender) || changed.Endpoints.Count == 0) return;
        if (changed.Endpoints.ToHashSet().SetEquals(_choice.Members)) return;
        _options.Remember(changed.Endpoints).PipeTo(Self, null, () => Look.Saved, e => new Status.Failure(e));
        Use(changed.Endpoints);
    }

    private void OnConnected(string member)
    {
        // Its endpoint may not be there (yet): that is answered at once.
        Context.Watch(_endpoints[member]);
        _choice.Connected(member);
        Choose(again: false);
    }

    private void OnLost(string member)
    {
        var wasHome = _choice.Home == member;
        _choice.Disconnected(member);
        if (!wasHome) return;
        Lost();
        Choose(again: false);
    }

    /// <summary>An endpoint has stopped, its process has ended, or it could not be reached for long. It may come back: it is watched again.</summary>
    private void OnTerminated(Terminated gone)
    {
        if (_endpoints.FirstOrDefault(e => e.Value.Path.Address == gone.ActorRef.Path.Address).Key is not { } member) return;
        OnLost(member);
        Timers.StartSingleTimer("look", Look.Again, _options.RetryInterval);
    }

    /// <summary>Connects what is not connected, and asks again whoever has refused.</summary>
    private void OnLook(Look look)
    {
        if (ReferenceEquals(look, Look.Saved)) return;
        var remoting = Remoting.Get(Context.System);
        foreach (var (member, endpoint) in _endpoints)
        {
            Context.Unwatch(endpoint);
            Context.Watch(endpoint);
            if (remoting.IsConnected(endpoint.Path.Address)) _choice.Connected(member);
        }
        Choose(again: true);
    }

    private void Choose(bool again)
    {
        var before = _choice.Home;
        if (before is null && _choice.Choose(again) is not null) _agent?.Tell(HomeFound.Instance, Self);
        if (_choice.Home is null) Timers.StartSingleTimer("look", Look.Again, Jittered(_options.RetryInterval));
    }

    private void Lost()
    {
        if (_welcomed) _options.OnLost();
        _welcomed = false;
        Timers.Cancel("hello");
        _agent?.Tell(HomeLost.Instance, Self);
    }

    private TimeSpan Jittered(TimeSpan pause) => pause * (0.5 + (_options.Random.NextDouble() / 2));

    // ---- from the home

    private void OnWelcome(AgentWelcome welcome)
    {
        if (!IsHome(Sender))
        {
            NotHome();
            return;
        }
        Timers.Cancel("hello");
        _choice.Welcomed();
        _welcomed = true;
        _agent?.Tell(welcome, Self);
        _options.OnWelcome();
        while (_waiting.TryDequeue(out var kept)) Home!.Tell(kept.Message, kept.Sender);
    }

    private void OnRefused(AgentRefused refused)
    {
        if (IsHome(Sender)) Next(refused.Reason);
    }

    /// <summary>The home is of no use: the next one at once, or, where all are like that, after a pause.</summary>
    private void Next(string reason)
    {
        _options.OnRefused(reason);
        _choice.Refused(_choice.Home!);
        Lost();
        Choose(again: false);
    }

    private void FromMember(object message)
    {
        if (IsHome(Sender)) _agent?.Tell(message, Self);
        else NotHome();
    }

    /// <summary>A former home still feeds this agent: it does not know better yet.</summary>
    private void NotHome() => Sender.Tell(new AgentLeft(_options.NodeName), Self);

    // ---- from the agent and its pods

    /// <summary>A hello that has no answer by its deadline makes the next member the home.</summary>
    private void OnHello(AgentHello hello)
    {
        if (Home is not { } home) return;
        _welcomed = false;
        if (!Timers.IsTimerActive("hello")) Timers.StartSingleTimer("hello", new HelloUnanswered(_choice.Home!), _options.HelloDeadline);
        home.Tell(hello with { Agent = Self }, Self);
    }

    private void OnHelloUnanswered(HelloUnanswered unanswered)
    {
        if (unanswered.Home == _choice.Home && !_welcomed) Next("it does not answer");
    }

    private void SendOrKeep(object message, IActorRef sender)
    {
        if (_welcomed)
        {
            Home!.Tell(message, sender);
            return;
        }
        _waiting.Enqueue((message, sender));
        if (_waiting.Count > MostWaiting) _waiting.Dequeue();
    }

    private void ToHome(object message)
    {
        // The sender stays who it is: a pod's worker gets its answer directly.
        if (_welcomed) Home!.Tell(message, Sender);
    }

    private bool IsHome(IActorRef sender) => Home is { } home && sender.Path.Address == home.Path.Address;

    private bool IsMember(IActorRef sender) => sender.Path.Address is { HasGlobalScope: true } address && address != Context.System.Address;

    private void ForMemberAt(Address address, Action<string> act)
    {
        foreach (var (member, _) in _endpoints.Where(e => e.Value.Path.Address == address).ToList()) act(member);
    }

    private sealed record HelloUnanswered(string Home);

    private sealed record Look(string Why)
    {
        public static readonly Look Again = new("again");
        public static readonly Look Saved = new("saved");
    }
}
