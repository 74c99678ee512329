using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Namespaces;

/// <summary>
/// A namespace's control loop: a live one has its <c>default</c> ServiceAccount and the cluster CA in ConfigMap <c>kube-root-ca.crt</c>; one that is
/// being deleted is emptied, says what is left, and goes when nothing is.
/// </summary>
/// <remarks>
/// <code>
///   Active ── delete ──► Terminating ── everything in it deleted ──► finalizer kubernetes removed ──► gone
/// </code>
/// </remarks>
public sealed class NamespaceActor : ControlLoopActor
{
    private const string Finalizer = "kubernetes";
    private const string RootCa = "kube-root-ca.crt";
    private const int DeletionsAtOnce = 500;

    private readonly RetryBackoff _retry = new();
    private string? _failure;

    /// <param name="key">The namespace.</param>
    /// <param name="services">Shared services.</param>
    public NamespaceActor(ResourceKey key, ControlPlaneServices services) : base(key, services, "namespace-controller") { }

    private DateTimeOffset Now => Services.Time.GetUtcNow();

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        if (_retry.Remaining(Now) is { } wait)
        {
            ReconcileAfter(wait);
            return;
        }
        if (Current!.Header.Deleting) Empty();
        else Provide();
    }

    /// <inheritdoc/>
    protected override void OnWritten(ResourceWritten written)
    {
        _failure = null;
        _retry.Succeed();
    }

    /// <inheritdoc/>
    protected override void OnRefused(ResourceRefused refused)
    {
        // Somebody was faster: the next look tells.
        if (refused.Status.Code is 404 or 409) return;
        _retry.Fail(Now);
        _failure = refused.Status.Message;
    }

    private void Provide()
    {
        var accounts = Services.Catalog.Get("serviceaccounts");
        if (Cache.Get(accounts.Key(Key.Name, "default")) is null) SendCreate(accounts, Key.Name, New(accounts, "default"));

        var maps = Services.Catalog.Get("configmaps");
        var wanted = new JsonObject { ["ca.crt"] = Services.Options.CaCertificate };
        if (Cache.Get(maps.Key(Key.Name, RootCa)) is not { } existing)
        {
            var map = New(maps, RootCa);
            map["metadata"]!["annotations"] = new JsonObject
            {
                ["kubernetes.io/description"] = "The certificate authority of this cluster, by which clients inside pods trust its API server.",
            };
            map["data"] = wanted;
            SendCreate(maps, Key.Name, map);
        }
        else if (!existing.Header.Deleting && !JsonNode.DeepEquals(existing.ToJsonObject()["data"], wanted))
        {
            SendPatch(maps, existing.Key, new JsonObject { ["data"] = wanted });
        }
    }

    private void Empty()
    {
        var content = new NamespaceContent([.. Services.Catalog.All.Where(k => k.Namespaced).Select(k => k.GroupResource).Distinct(StringComparer.Ordinal)
            .SelectMany(resource => Cache.List(resource, Key.Name))]);
        foreach (var entry in content.ToDelete.Take(DeletionsAtOnce)) SendDelete(entry.Kind, entry.Key, entry.Uid);
        var changed = CurrentObject();
        var status = changed["status"] as JsonObject ?? [];
        status["phase"] = "Terminating";
        status["conditions"] = Conditions(status["conditions"] as JsonArray, content);
        changed["status"] = status.Parent is null ? status : status.DeepClone();
        if (content.Remaining.Count == 0 && changed["spec"]?["finalizers"] is JsonArray finalizers)
        {
            foreach (var node in finalizers.Where(f => (string?)f == Finalizer).ToList()) finalizers.Remove(node);
            if (finalizers.Count == 0) changed["spec"]!.AsObject().Remove("finalizers");
        }
        // Written where it differs only: a namespace that waits for somebody's finalizer must not write in circles.
        if (!JsonNode.DeepEquals(changed, CurrentObject())) WriteSelf(changed);
    }

    private JsonArray Conditions(JsonArray? before, NamespaceContent content)
    {
        var result = new JsonArray();
        foreach (var (type, status, reason, message) in content.Conditions(_failure))
        {
            var old = before?.FirstOrDefault(c => (string?)c?["type"] == type);
            var since = old is not null && (string?)old["status"] == status ? old["lastTransitionTime"]?.DeepClone() : ObjectMeta.Timestamp(Now);
            result.Add(new JsonObject { ["type"] = type, ["status"] = status, ["lastTransitionTime"] = since, ["reason"] = reason, ["message"] = message });
        }
        foreach (var other in before ?? [])
            if (!result.Any(c => (string?)c!["type"] == (string?)other?["type"])) result.Add(other?.DeepClone());
        return result;
    }

    private static JsonObject New(ResourceKind kind, string name) =>
        new() { ["apiVersion"] = kind.ApiVersion, ["kind"] = kind.Kind, ["metadata"] = new JsonObject { ["name"] = name } };
}
