using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.GarbageCollection;

/// <summary>
/// The garbage collector: a cluster singleton around <see cref="OwnerGraph"/>. A committed change only names objects to look at; what is to be
/// done is decided from the cache when their turn comes, and again after each answer. At its start it looks at every object once.
/// </summary>
public sealed class GarbageCollectorActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(30);

    private readonly ControlPlaneServices _services;
    private readonly OwnerGraph _graph;
    private readonly WriteContext _context = WriteContext.System("garbage-collector");
    private readonly Dictionary<ResourceKey, DateTimeOffset> _inFlight = [];
    private readonly HashSet<ResourceKey> _again = [];
    private IDisposable? _subscription;

    /// <param name="services">Shared services.</param>
    public GarbageCollectorActor(ControlPlaneServices services)
    {
        _services = services;
        _graph = new OwnerGraph(services.Catalog, services.Cache.Get, services.Cache.OwnedBy);
        Receive<LookAt>(message =>
        {
            foreach (var key in message.Keys) Look(key);
        });
        Receive<ResourceWritten>(written => OnAnswer(written.Key));
        Receive<ResourceRefused>(OnRefused);
        Receive<LookAgain>(_ => OnLookAgain());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var self = Self;
        _subscription = _services.Cache.Subscribe(changes =>
        {
            HashSet<ResourceKey>? keys = null;
            foreach (var change in changes)
            {
                // Most objects neither own nor are owned: they cost one look at their header and the owner index.
                foreach (var key in _graph.Affected(change))
                    if (key != change.Entry.Key || IsConcerned(change.Entry)) (keys ??= []).Add(key);
            }
            if (keys is not null) self.Tell(new LookAt(keys), ActorRefs.NoSender);
        });
        foreach (var resource in _services.Cache.Resources)
            foreach (var entry in _services.Cache.List(resource))
                if (IsConcerned(entry)) Look(entry.Key);
        Timers.StartPeriodicTimer(nameof(LookAgain), LookAgain.Instance, RetryDelay);
    }

    /// <inheritdoc/>
    protected override void PostStop() => _subscription?.Dispose();

    private static bool IsConcerned(ResourceEntry entry) =>
        entry.Header.Owners.Count > 0
        || (entry.Header.Deleting && (entry.Header.Finalizers.Contains(DeleteRules.OrphanFinalizer) || entry.Header.Finalizers.Contains(DeleteRules.ForegroundFinalizer)));

    private void Look(ResourceKey key)
    {
        if (_services.Cache.Get(key) is not { } entry) return;
        foreach (var action in _graph.Decide(entry))
        {
            if (_inFlight.ContainsKey(action.Key)) _again.Add(key);
            else Do(action);
        }
    }

    private void Do(GarbageAction action)
    {
        ResourceCommand? command = action switch
        {
            GarbageAction.Delete delete => new DeleteResource(delete.Key, VersionOf(delete.Key), _context, null, delete.Propagation, delete.Uid, null),
            GarbageAction.Forget forget => Rewrite(forget, forget.ResourceVersion, "ownerReferences", node => !forget.Owners.Contains((string?)node?["uid"] ?? "")),
            GarbageAction.Finish finish => Rewrite(finish, finish.ResourceVersion, "finalizers", node => (string?)node != finish.Finalizer),
            _ => null,
        };
        if (command is null) return;
        _inFlight[action.Key] = _services.Time.GetUtcNow() + AnswerDeadline;
        _services.Region.Tell(command, Self);
    }

    /// <summary>A merge patch replaces lists whole, so it holds the version at which the list was read.</summary>
    private PatchResource? Rewrite(GarbageAction action, long version, string list, Func<JsonNode?, bool> keep)
    {
        if (_services.Cache.Get(action.Key) is not { } entry || entry.ResourceVersion != version) return null;
        var rest = (entry.ToJsonObject()["metadata"]![list] as JsonArray ?? []).Where(keep).Select(node => node?.DeepClone()).ToArray();
        var metadata = new JsonObject
        {
            ["uid"] = action.Uid,
            ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture),
            [list] = rest.Length == 0 ? null : new JsonArray(rest),
        };
        var patch = new JsonObject { ["metadata"] = metadata };
        return new PatchResource(action.Key, VersionOf(action.Key), _context, PatchType.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), "", false);
    }

    // What is written is metadata: whatever version the object is stored in will do, and needs no conversion.
    private string VersionOf(ResourceKey key) =>
        _services.Catalog.Get(key.Resource) is { Conversion.Webhook: not null } && _services.Cache.Get(key) is { } entry ? Extensions.ObjectVersions.Of(entry.Json.Span) : _services.Catalog.Get(key.Resource).ApiVersion;

    private void OnAnswer(ResourceKey key)
    {
        _inFlight.Remove(key);
        // The commit's own change comes through the subscription; what was held back meanwhile is looked at now.
        foreach (var held in _again.ToList())
        {
            _again.Remove(held);
            Look(held);
        }
    }

    private void OnRefused(ResourceRefused refused)
    {
        _inFlight.Remove(refused.Key);
        // Changed or gone meanwhile, or really refused: look again in a moment, not in a loop.
        _again.Add(refused.Key);
    }

    private void OnLookAgain()
    {
        var now = _services.Time.GetUtcNow();
        foreach (var (key, _) in _inFlight.Where(f => f.Value <= now).ToList())
        {
            _inFlight.Remove(key);
            _again.Add(key);
        }
        foreach (var key in _again.ToList())
        {
            _again.Remove(key);
            Look(key);
        }
    }

    private sealed record LookAt(IReadOnlyCollection<ResourceKey> Keys);

    private sealed record LookAgain
    {
        public static LookAgain Instance { get; } = new();
    }
}
