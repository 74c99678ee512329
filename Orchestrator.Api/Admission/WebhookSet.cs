using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Admission;

/// <summary>The cluster's webhooks, compiled from their configurations: by name of the configuration, then as they stand in it. Compiled again at the first question after a change.</summary>
internal sealed class WebhookSet(ResourceCache cache, string resource, bool mutating)
{
    private sealed record Compiled(SortedEntries Of, Webhook[] Webhooks);

    private volatile Compiled _compiled = new(SortedEntries.Empty, []);

    /// <summary>The webhooks of now.</summary>
    public Webhook[] Current()
    {
        var (compiled, entries) = (_compiled, cache.List(resource));
        // Snapshots are immutable: the same reference is the same content.
        if (ReferenceEquals(compiled.Of, entries)) return compiled.Webhooks;
        Webhook[] webhooks = [.. entries.SelectMany(e => (e.ToJsonObject()["webhooks"] as System.Text.Json.Nodes.JsonArray ?? []).OfType<System.Text.Json.Nodes.JsonObject>()).Select(w => new Webhook(w, mutating))];
        _compiled = new Compiled(entries, webhooks);
        return webhooks;
    }

    /// <summary>Whether any could be about this.</summary>
    public bool Concerns(string operation, ResourceKind kind, string subresource)
    {
        foreach (var webhook in Current())
            if (webhook.Match.Concerns(operation, kind, subresource)) return true;
        return false;
    }
}
