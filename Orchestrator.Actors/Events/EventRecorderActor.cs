using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors.Events;

/// <summary>
/// Writes Kubernetes events. A repeated event (same object, type, reason, message and source) raises the count of its Event object instead of making another.
/// Events are advice, not state: one that cannot be written is logged and dropped. What it remembers is bounded and only saves a new object.
/// </summary>
public sealed class EventRecorderActor : ReceiveActor, IWithTimers
{
    private const int Remembered = 4096;

    private readonly ControlPlaneServices _services;
    private readonly ILogger _log;
    private readonly ResourceKind _kind;
    // Nobody edits an Event: noting who owns its fields would take a third of its size.
    private readonly WriteContext _context = WriteContext.System("event-recorder") with { FieldManager = "" };
    private readonly Dictionary<Correlation, Series> _series = [];
    private readonly EventSpamFilter _spam = new();
    private readonly Dictionary<ResourceKey, (Correlation Correlation, RecordEvent Event)> _inFlight = [];

    /// <param name="services">Shared services.</param>
    public EventRecorderActor(ControlPlaneServices services)
    {
        _services = services;
        _log = services.Logging.CreateLogger<EventRecorderActor>();
        _kind = services.Catalog.Get("events");
        Receive<RecordEvent>(OnRecord);
        Receive<ResourceWritten>(written => _inFlight.Remove(written.Key));
        Receive<ResourceRefused>(OnRefused);
        Receive<Forget>(_ => OnForget());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer("forget", Forget.Instance, TimeSpan.FromMinutes(1));

    private void OnRecord(RecordEvent e)
    {
        var correlation = new Correlation(e.Uid, e.Name, e.Type, e.Reason, e.Message, e.Component, e.Host, e.FieldPath);
        var now = _services.Time.GetUtcNow();
        if (!_spam.Passes(e, now)) return;
        if (_series.TryGetValue(correlation, out var known) && _services.Cache.Get(known.Key) is not null)
        {
            known = known with { Count = known.Count + 1 };
            _series[correlation] = known;
            var patch = new JsonObject { ["count"] = known.Count, ["lastTimestamp"] = Time(now) };
            _services.Region.Tell(new PatchResource(known.Key, "v1", _context, PatchType.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), "", false), Self);
            return;
        }
        var ns = e.Namespace.Length == 0 ? "default" : e.Namespace;
        var name = $"{e.Name}.{(now - DateTimeOffset.UnixEpoch).Ticks * 100 + _series.Count % 100:x}";
        var obj = ToJson(e, ns, name, now);
        try
        {
            var create = ResourceWriter.PrepareCreate(_services, _kind, ns, obj, _context);
            if (_series.Count >= Remembered) _series.Clear();
            _series[correlation] = new Series(create.Key, 1);
            _inFlight[create.Key] = (correlation, e);
            _services.Region.Tell(create, Self);
        }
        catch (StatusException refusal)
        {
            // Most often a namespace that is being deleted: its events have nowhere to go.
            _log.LogDebug("event {Reason} about {Kind} {Namespace}/{Name} not recorded: {Why}", e.Reason, e.Kind, e.Namespace, e.Name, refusal.Message);
        }
    }

    private void OnRefused(ResourceRefused refused)
    {
        if (_inFlight.Remove(refused.Key, out var pending)) _series.Remove(pending.Correlation);
        _log.LogDebug("event {Event} not recorded: {Why}", refused.Key, refused.Status.Message);
    }

    private void OnForget()
    {
        foreach (var (correlation, series) in _series.Where(s => _services.Cache.Get(s.Value.Key) is null).ToList())
            if (!_inFlight.ContainsKey(series.Key)) _series.Remove(correlation);
    }

    private static JsonObject ToJson(RecordEvent e, string ns, string name, DateTimeOffset now)
    {
        var about = new JsonObject { ["kind"] = e.Kind };
        foreach (var (field, value) in (ReadOnlySpan<(string, string)>)[("namespace", e.Namespace), ("name", e.Name), ("uid", e.Uid), ("apiVersion", e.ApiVersion), ("resourceVersion", e.ResourceVersion), ("fieldPath", e.FieldPath)])
            if (value.Length > 0) about[field] = value;
        var source = new JsonObject { ["component"] = e.Component };
        if (e.Host.Length > 0) source["host"] = e.Host;
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
            ["involvedObject"] = about,
            ["reason"] = e.Reason,
            ["message"] = e.Message,
            ["source"] = source,
            ["firstTimestamp"] = Time(now),
            ["lastTimestamp"] = Time(now),
            ["count"] = 1,
            ["type"] = e.Type,
            ["reportingComponent"] = e.Component,
            ["reportingInstance"] = e.Host,
        };
    }

    private static string Time(DateTimeOffset at) => Orchestrator.Resources.Writing.ObjectMeta.Timestamp(at);

    private sealed record Correlation(string Uid, string Name, string Type, string Reason, string Message, string Component, string Host, string FieldPath);

    private sealed record Series(ResourceKey Key, int Count);

    private sealed record Forget
    {
        public static Forget Instance { get; } = new();
    }
}
