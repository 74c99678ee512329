using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;

namespace Orchestrator.Tests.Actors.Workloads;

/// <summary>Nodes whose agents do at once what they are told: a bound pod runs and is ready (where its image works), a deleted one is gone.</summary>
internal sealed class ObedientNodes : IDisposable
{
    private readonly ControlPlaneHarness _plane;
    private readonly IDisposable _subscription;
    private readonly List<ResourceKey> _nodes = [];
    private long _sequence;

    public ObedientNodes(ControlPlaneHarness plane)
    {
        _plane = plane;
        _subscription = plane.Cache.Subscribe(OnChanges);
    }

    /// <summary>Pods with other images never become ready.</summary>
    public Func<string, bool> ImageWorks { get; set; } = image => image != "broken";

    public async Task AddAsync(string name, string cpu = "4", int pods = 110)
    {
        var key = new ResourceKey("nodes", "", name);
        (await _plane.CreateAsync("nodes", $$$$"""{"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{{name}}}}","labels":{"kubernetes.io/hostname":"{{{{name}}}}"}}}""", "")).ShouldBeOfType<ResourceWritten>();
        var status = $$$$$"""{"status":{"allocatable":{"cpu":"{{{{{cpu}}}}}","memory":"8Gi","pods":"{{{{{pods}}}}}"},"capacity":{"cpu":"{{{{{cpu}}}}}","memory":"8Gi","pods":"{{{{{pods}}}}}"},"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","message":"ready"}]}}""";
        (await _plane.Plane.Client.SendAsync(new PatchResource(key, "v1", ControlPlaneHarness.User, PatchType.Merge, Encoding.UTF8.GetBytes(status), "status", false))).ShouldBeOfType<ResourceWritten>();
        lock (_nodes) _nodes.Add(key);
        // Until its control loop has seen that it is ready, a new node carries the not-ready taint, and a pod that is tried then is refused for another reason.
        await _plane.EventuallyAsync(() => _plane.Cache.Get(key)!.ToJsonObject()["spec"]?["taints"] is null);
    }

    public void Dispose() => _subscription.Dispose();

    private void OnChanges(IReadOnlyList<ResourceChange> changes)
    {
        var region = _plane.Plane.Services.Region;
        lock (_nodes)
            foreach (var node in _nodes) region.Tell(new ToEntity(node, new AgentHeartbeat(node.Name)), ActorRefs.NoSender);
        foreach (var change in changes)
        {
            var entry = change.Entry;
            if (entry.Key.Resource != "pods" || change.Type == ChangeType.Deleted || entry.Header.NodeName.Length == 0) continue;
            if (entry.Header.Deleting) region.Tell(new ToEntity(entry.Key, new ReportPodGone(entry.Key, entry.Uid)), ActorRefs.NoSender);
            else if (entry.Header.Phase != "Running" && ImageWorks((string)entry.ToJsonObject()["spec"]!["containers"]![0]!["image"]!))
                region.Tell(new ToEntity(entry.Key, new ReportPodStatus(entry.Key, entry.Uid, Running(), Interlocked.Increment(ref _sequence))), ActorRefs.NoSender);
        }
    }

    private ReadOnlyMemory<byte> Running()
    {
        var now = _plane.Plane.Services.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return Encoding.UTF8.GetBytes(new JsonObject
        {
            ["phase"] = "Running",
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True", ["lastTransitionTime"] = now }),
        }.ToJsonString());
    }
}
