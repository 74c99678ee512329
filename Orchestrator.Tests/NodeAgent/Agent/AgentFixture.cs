using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.TestKit;

namespace Orchestrator.Tests.NodeAgent.Agent;

/// <summary>An agent with the test as its control plane: accepts reports and keeps the newest status and every event.</summary>
internal sealed class AgentFixture : IDisposable
{
    private readonly ActorSystem _system;
    private readonly NodeAgentOptions _options;
    private readonly ControlPlaneState _state = new();
    private long _version = 10;

    public AgentFixture(ActorSystem system, IContainerRuntime runtime, string clusterId = "test", string? directory = null, string podCidr = "10.244.1.0/24", Func<NodeAgentOptions, NodeAgentOptions>? change = null)
    {
        _system = system;
        DataDirectory = directory ?? Directory.CreateTempSubdirectory("agent-").FullName;
        _state.NodeJson = Node(podCidr);
        var state = _state;
        ControlPlane = system.ActorOf(Props.Create(() => new FakeControlPlane(state)));
        _options = new NodeAgentOptions
        {
            NodeName = "node-1",
            ClusterId = clusterId,
            DataDirectory = DataDirectory,
            Runtime = runtime,
            ControlPlane = ControlPlane,
            TimeProvider = system.TimeProvider,
            HostIp = "192.168.0.1",
        };
        _options = change?.Invoke(_options) ?? _options;
    }

    public string DataDirectory { get; }

    public IActorRef ControlPlane { get; }

    public NodeAgentHandle? Agent { get; private set; }

    public IReadOnlyList<ReportEvent> Events => [.. _state.Events];

    public IReadOnlyList<string> Gone => [.. _state.Gone];

    public NodeStatus? NodeStatus => _state.NodeStatus;

    public int Hellos => Volatile.Read(ref _state.Hellos);

    public int Heartbeats => Volatile.Read(ref _state.Heartbeats);

    /// <summary>Whether hellos and heartbeats are answered.</summary>
    public bool ControlPlaneAnswers
    {
        set => _state.Answers = value;
    }

    /// <summary>Whether the control plane says that it does not know the agent, as a restarted endpoint does.</summary>
    public bool ControlPlaneForgets
    {
        set => _state.Forgets = value;
    }

    /// <summary>Whether pods are stored as not ready whatever is reported, as those of a node that is not ready; the pod as stored comes before the answer then.</summary>
    public bool WithholdsReadiness
    {
        set => _state.Withholds = value;
    }

    /// <summary>The control plane stores a hello of earlier, as one does that was overtaken by a report, and answers it.</summary>
    public void StoreLate(NodeStatus hello)
    {
        _state.NodeStatus = hello;
        Tell(new AgentWelcome(_state.NodeJson, [.. _state.Pods.Values]));
    }

    public NodeAgentHandle Start() => Agent = NodeAgentHost.Start(_system, _options);

    public PodStatus? Status(Pod pod) => _state.Statuses.GetValueOrDefault(pod.Metadata.UID);

    /// <summary>Binds or updates a pod; the stored status is what was reported last.</summary>
    public void Put(Pod pod)
    {
        PutSilently(pod);
        Tell(new PodsChanged([_state.Pods[pod.Metadata.UID]]));
    }

    /// <summary>Binds or updates a pod without telling the agent: it hears of it with the next welcome.</summary>
    public void PutSilently(Pod pod)
    {
        pod.Metadata.ResourceVersion = (++_version).ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (Status(pod) is { } status) pod.Status = status;
        var state = new ObjectState(Key(pod), pod.Metadata.UID, _version, TypedJson.Write(pod));
        _state.Pods[pod.Metadata.UID] = state;
    }

    /// <summary>The control plane stores another readiness than the agent has reported, as it does for a node that it takes for lost.</summary>
    public void Overrule(Pod pod, string ready)
    {
        var status = TypedJson.Read<PodStatus>(TypedJson.Write(Status(pod)!));
        status.Conditions!.Single(c => c.Type == "Ready").Status = ready;
        _state.Statuses[pod.Metadata.UID] = status;
        Put(pod);
    }

    public void Remove(Pod pod)
    {
        _state.Pods.TryRemove(pod.Metadata.UID, out _);
        Tell(new PodsChanged([new ObjectState(Key(pod), pod.Metadata.UID, ++_version, null)]));
    }

    public void PutConfigMap(string name, params (string Key, string Value)[] data)
    {
        var map = new ConfigMap { Data = data.ToDictionary(d => d.Key, d => d.Value) };
        (map.Metadata.Name, map.Metadata.Namespace) = (name, "default");
        PutObject(new ResourceKey("configmaps", "default", name), TypedJson.Write(map));
    }

    public void PutSecret(string name, params (string Key, string Value)[] data)
    {
        var secret = new Secret { Data = data.ToDictionary(d => d.Key, d => System.Text.Encoding.UTF8.GetBytes(d.Value)) };
        (secret.Metadata.Name, secret.Metadata.Namespace) = (name, "default");
        PutObject(new ResourceKey("secrets", "default", name), TypedJson.Write(secret));
    }

    private void PutObject(ResourceKey key, byte[] json)
    {
        var state = new ObjectState(key, "", ++_version, json);
        _state.Objects[key] = state;
        Tell(new ObjectsChanged([state]));
    }

    public void Dispose()
    {
        // Steps that were under way when the system stopped may still remove files of their own.
        while (Directory.Exists(DataDirectory))
        {
            try
            {
                Directory.Delete(DataDirectory, recursive: true);
            }
            catch (IOException e) when (e is DirectoryNotFoundException or FileNotFoundException)
            {
                Thread.Yield();
            }
        }
    }

    /// <summary>By way of the control plane, as in the product: what changes while it makes a welcome that does not know of it yet is told after the welcome.</summary>
    private void Tell(object change)
    {
        if (Agent is { } agent) ControlPlane.Tell(new Changed(agent.Ref, change), null);
    }

    private static ResourceKey Key(Pod pod) => new("pods", pod.Metadata.Namespace, pod.Metadata.Name);

    private static byte[] Node(string podCidr)
    {
        var node = new Node();
        node.Metadata.Name = "node-1";
        node.Spec.PodCIDR = podCidr;
        return TypedJson.Write(node);
    }

    internal sealed class ControlPlaneState
    {
        public ReadOnlyMemory<byte> NodeJson { get; set; }

        public NodeStatus? NodeStatus { get; set; }

        public int Hellos;

        public long Withheld = 1_000_000;

        public int Heartbeats;

        public volatile bool Answers = true;

        public volatile bool Forgets;

        public volatile bool Withholds;

        public System.Collections.Concurrent.ConcurrentDictionary<string, ObjectState> Pods { get; } = new();

        public System.Collections.Concurrent.ConcurrentDictionary<ResourceKey, ObjectState> Objects { get; } = new();

        public System.Collections.Concurrent.ConcurrentDictionary<string, PodStatus> Statuses { get; } = new();

        public System.Collections.Concurrent.ConcurrentQueue<ReportEvent> Events { get; } = new();

        public System.Collections.Concurrent.ConcurrentQueue<string> Gone { get; } = new();
    }

    private sealed record Changed(IActorRef Agent, object Change);

    private sealed class FakeControlPlane : ReceiveActor
    {
        public FakeControlPlane(ControlPlaneState state)
        {
            IActorRef? agent = null;
            Receive<AgentHello>(hello =>
            {
                agent = hello.Agent;
                Interlocked.Increment(ref state.Hellos);
                if (!state.Answers) return;
                state.NodeStatus = TypedJson.Read<Node>(hello.NodeJson).Status;
                Sender.Tell(new AgentWelcome(state.NodeJson, [.. state.Pods.Values]), Self);
            });
            Receive<ReportNodeStatus>(report => state.NodeStatus = TypedJson.Read<NodeStatus>(report.StatusJson));
            Receive<AgentHeartbeat>(beat =>
            {
                Interlocked.Increment(ref state.Heartbeats);
                if (state.Answers) Sender.Tell(state.Forgets ? new AgentUnknown(beat.NodeName) : new AgentHeartbeatSeen(), Self);
            });
            Receive<ReportPodStatus>(report =>
            {
                var status = TypedJson.Read<PodStatus>(report.StatusJson);
                if (state.Withholds)
                {
                    status.Conditions!.Single(c => c.Type == "Ready").Status = "False";
                    var pod = TypedJson.Read<Pod>(state.Pods[report.Uid].Json!.Value);
                    pod.Status = status;
                    var json = TypedJson.Write(pod);
                    // As it is stored, on its way by the agent while the answer goes straight to the pod's worker; what changes nothing is not stored.
                    if (!state.Pods[report.Uid].Json!.Value.Span.SequenceEqual(json)) agent!.Tell(new PodsChanged([state.Pods[report.Uid] = state.Pods[report.Uid] with { ResourceVersion = ++state.Withheld, Json = json }]), Self);
                }
                state.Statuses[report.Uid] = status;
                Sender.Tell(new PodStatusAccepted(report.Pod, report.Uid, report.Sequence), Self);
            });
            Receive<Changed>(changed => changed.Agent.Tell(changed.Change, Self));
            Receive<ReportPodGone>(gone => state.Gone.Enqueue(gone.Uid));
            Receive<ReportEvent>(state.Events.Enqueue);
            Receive<FollowObjects>(follow => Sender.Tell(new ObjectsChanged([.. follow.Keys.Select(k => state.Objects.GetValueOrDefault(k) ?? new ObjectState(k, "", 1, null))]), Self));
            Receive<FollowResources>(_ => Sender.Tell(new ObjectsChanged([]), Self));
            Receive<RequestPodToken>(_ => Sender.Tell(new PodToken("token", Context.System.TimeProvider.GetUtcNow().AddHours(1)), Self));
        }
    }
}
