using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Outbound;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Api.Aggregation;

/// <summary>
/// Finds out which aggregated servers answer, writes that into their APIServices' <c>Available</c> condition (kube-aggregator's status controller), and keeps what they serve for
/// discovery. Looks when an APIService or what is behind it changes, and from time to time.
/// </summary>
internal sealed partial class AvailabilityMonitor : IAsyncDisposable
{
    private const string Definitions = "customresourcedefinitions.apiextensions.k8s.io";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OpenApiInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ProbeDeadline = TimeSpan.FromSeconds(5);

    private readonly AggregatedApis _apis;
    private readonly AggregationProxy _proxy;
    private readonly ServiceConnector _services;
    private readonly LocalApiServices _local;
    private readonly AggregatedOpenApi _openApi;
    private readonly ResourceClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger<AvailabilityMonitor> _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, (string Text, JsonArray Resources)> _resources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _describedAt = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _hint = new(0, 1);
    private readonly IDisposable _subscription;
    private readonly Task _running;

    public AvailabilityMonitor(AggregatedApis apis, AggregationProxy proxy, ServiceConnector services, LocalApiServices local, AggregatedOpenApi openApi, ResourceClient client, TimeProvider time, ILogger<AvailabilityMonitor> log)
    {
        (_apis, _proxy, _services, _local, _openApi, _client, _time, _log) = (apis, proxy, services, local, openApi, client, time, log);
        _subscription = client.Services.Cache.Subscribe(OnChanges);
        _running = RunAsync();
    }

    /// <summary>Counts up when what aggregated servers serve has changed.</summary>
    public int Revision { get; private set; }

    /// <summary>The APIResourceList's resources of a group version, null while they are not known.</summary>
    public JsonArray? Resources(AggregatedApi api) => _resources.TryGetValue(api.Name, out var known) ? known.Resources : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _hint.Dispose();
    }

    private void OnChanges(IReadOnlyList<ResourceChange> changes)
    {
        foreach (var change in changes)
        {
            var resource = change.Entry.Key.Resource;
            if (resource is not (AggregatedApis.Resource or Definitions) && (resource is not ("services" or "endpoints") || _apis.Current().Count == 0)) continue;
            Hint();
            return;
        }
    }

    private void Hint()
    {
        try
        {
            if (_hint.CurrentCount == 0) _hint.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another hint was faster: one is enough.
        }
    }

    private async Task RunAsync()
    {
        try
        {
            await _local.StartAsync(_stop.Token);
            while (true)
            {
                await _local.FollowAsync(_stop.Token);
                await LookAsync();
                // Without other servers, only a hint is worth waking up for.
                if (_apis.Current().Count == 0) await _hint.WaitAsync(_stop.Token);
                else await WaitAsync();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task WaitAsync()
    {
        using var due = new CancellationTokenSource(Interval, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(due.Token, _stop.Token);
        try
        {
            await _hint.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (due.IsCancellationRequested)
        {
            // Time for another look.
        }
    }

    private async Task LookAsync()
    {
        var aggregated = _apis.Current().ToDictionary(a => a.Name, StringComparer.Ordinal);
        foreach (var (name, _) in _resources)
            if (!aggregated.ContainsKey(name) && _resources.TryRemove(name, out _)) Revision++;
        _openApi.Keep(aggregated);
        foreach (var entry in _client.Services.Cache.List(AggregatedApis.Resource))
        {
            var (holds, reason, message) = aggregated.TryGetValue(entry.Name, out var api) ? await ProbeAsync(api) : (true, "Local", "Local APIServices are always available");
            await WriteAsync(entry, holds, reason, message);
        }
    }

    private async Task<(bool Holds, string Reason, string Message)> ProbeAsync(AggregatedApi api)
    {
        if (_services.Problem(api.Server.Namespace, api.Server.Service, api.Server.Port) is { } problem)
            return (false, problem.Reason, problem.Message);
        using var deadline = new CancellationTokenSource(ProbeDeadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stop.Token);
        try
        {
            var body = await _proxy.GetAsync(api, api.Path, "application/json", either.Token);
            var resources = (JsonNode.Parse(body) as JsonObject)?["resources"] as JsonArray ?? [];
            var text = resources.ToJsonString();
            if (!_resources.TryGetValue(api.Name, out var known) || known.Text != text)
            {
                _resources[api.Name] = (text, resources);
                Revision++;
                _describedAt.Remove(api.Name);
            }
            await DescribeAsync(api, either.Token);
            return (true, "Passed", "all checks passed");
        }
        catch (Exception e) when (e is IOException or JsonException || (e is OperationCanceledException && !_stop.IsCancellationRequested))
        {
            return (false, "FailedDiscoveryCheck", $"failing or missing response from https://{api.Server.Url.Authority}{api.Path}: {(e is OperationCanceledException ? "context deadline exceeded" : e.Message)}");
        }
    }

    /// <summary>Types change when a server does: they are asked for again with its resources, and from time to time.</summary>
    private async Task DescribeAsync(AggregatedApi api, CancellationToken cancel)
    {
        var now = _time.GetUtcNow();
        if (_describedAt.TryGetValue(api.Name, out var last) && now - last < OpenApiInterval) return;
        await _openApi.LookAsync(api, cancel);
        _describedAt[api.Name] = now;
    }

    private async Task WriteAsync(ResourceEntry entry, bool holds, string reason, string message)
    {
        var obj = entry.ToJsonObject();
        if (obj["status"] is not JsonObject status) obj["status"] = status = [];
        var before = status.DeepClone();
        Conditions.Set(status, "Available", holds, reason, message, ObjectMeta.Timestamp(_time.GetUtcNow()));
        if (JsonNode.DeepEquals(before, status)) return;
        var reply = await _client.SendAsync(new UpdateResource(entry.Key, entry.Kind.ApiVersion, WriteContext.System("kube-aggregator"), obj, "status"), _stop.Token);
        // Somebody was faster: that is a change, and thus another look.
        if (reply is ResourceRefused { Status: { Code: not (404 or 409) } status409 }) LogRefused(_log, entry.Name, status409.Message);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the availability of {Name} could not be written: {Why}")]
    private static partial void LogRefused(ILogger log, string name, string why);
}
