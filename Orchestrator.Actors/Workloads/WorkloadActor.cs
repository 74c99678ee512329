using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Actors.Workloads;

/// <summary>
/// What the actors of Deployments and ReplicaSets share: finding the objects they may claim, adopting and releasing them, reporting
/// a write once it is done, and waiting after a refusal.
/// </summary>
public abstract class WorkloadActor : ControlLoopActor
{
    private readonly Dictionary<ResourceKey, (string Reason, string Message)> _announcements = [];
    private (long Generation, LabelSelector Selector)? _selector;

    /// <param name="key">The object.</param>
    /// <param name="services">Shared services.</param>
    /// <param name="component">Event source and field manager.</param>
    /// <param name="dependents">Resource of what it controls.</param>
    protected WorkloadActor(ResourceKey key, ControlPlaneServices services, string component, string dependents) : base(key, services, component) =>
        Dependents = services.Catalog.Get(dependents);

    /// <summary>Kind of what it controls.</summary>
    protected ResourceKind Dependents { get; }

    /// <summary>After refusals.</summary>
    private protected RetryBackoff Retry { get; } = new();

    /// <summary>The present.</summary>
    protected DateTimeOffset Now => Services.Time.GetUtcNow();

    /// <summary>The object's selector, compiled once per generation.</summary>
    protected LabelSelector Selector(long generation, Orchestrator.Resources.Types.Meta.V1.LabelSelector? source)
    {
        if (_selector is { } known && known.Generation == generation) return known.Selector;
        var compiled = LabelSelector.FromJson(source is null ? null : TypedJson.ToNode(source));
        _selector = (generation, compiled);
        return compiled;
    }

    /// <summary>The objects it controls, and the matching ones of its namespace that nobody controls.</summary>
    protected List<ResourceEntry> Candidates(LabelSelector selector)
    {
        List<ResourceEntry> found = [.. Cache.OwnedBy(Current!.Uid).Where(e => e.Key.Resource == Dependents.GroupResource && e.Namespace == Key.Namespace)];
        foreach (var entry in Cache.Orphans(Dependents.GroupResource, Key.Namespace))
        {
            if (selector.Matches(entry.Labels) && !entry.Header.Owners.Any(o => o.Uid == Current.Uid)) found.Add(entry);
        }
        return found;
    }

    /// <summary>Reports this event when the command to that object has succeeded.</summary>
    protected void Announce(ResourceKey target, string reason, string message) => _announcements[target] = (reason, message);

    /// <summary>Sends a strategic-merge patch: adoption and release need its <c>$patch</c>.</summary>
    protected void SendClaim(ResourceKey target, JsonObject patch) =>
        Send(new PatchResource(target, Dependents.ApiVersion, Writer, PatchType.StrategicMerge, System.Text.Encoding.UTF8.GetBytes(patch.ToJsonString()), "", false));

    /// <inheritdoc/>
    protected override void OnWritten(ResourceWritten written)
    {
        if (_announcements.Remove(written.Key, out var announcement)) Record("Normal", announcement.Reason, announcement.Message);
    }

    /// <inheritdoc/>
    protected sealed override void OnRefused(ResourceRefused refused)
    {
        _announcements.Remove(refused.Key);
        // Whoever was changed or removed meanwhile is looked at again anyway; waiting a moment keeps a lasting refusal from becoming a busy loop.
        Retry.Fail(Now);
        OnFailed(refused);
    }

    /// <summary>A command was refused; the back-off has been started.</summary>
    protected abstract void OnFailed(ResourceRefused refused);

    /// <summary>Whether a refusal only means that the namespace is going away.</summary>
    protected static bool IsNamespaceTerminating(ResourceRefused refused) => refused.Status.Causes.Any(c => c.Reason == "NamespaceTerminating");

    /// <summary>Looks again after the sooner of the two.</summary>
    protected void LookAgain(TimeSpan? one, TimeSpan? other)
    {
        if (one is null && other is null) return;
        ReconcileAfter(one is null ? other!.Value : other is null || one < other ? one.Value : other.Value);
    }
}
