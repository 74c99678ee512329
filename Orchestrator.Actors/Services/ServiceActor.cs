using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Actors.Services.Endpoints;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Discovery.V1;
using CoreEndpoints = Orchestrator.Resources.Types.Core.V1.Endpoints;

namespace Orchestrator.Actors.Services;

/// <summary>
/// A Service's actor. Before a Service is stored it gets the cluster address and node ports it needs from the allocator; further commands wait until that is answered. And it is the loop
/// that keeps the Service's Endpoints and EndpointSlices (<see cref="EndpointsPlan"/>), and removes the Endpoints when the Service is gone: slices have it as their owner, Endpoints have none.
/// </summary>
public sealed class ServiceActor : ControlLoopActor, IWithStash
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly Random _names = new();
    private readonly RetryBackoff _retry = new();
    private readonly ResourceKind _endpoints;
    private readonly ResourceKind _slices;

    /// <param name="key">The service.</param>
    /// <param name="services">Shared services.</param>
    public ServiceActor(ResourceKey key, ControlPlaneServices services) : base(key, services, "endpoints-controller") =>
        (_endpoints, _slices) = (services.Catalog.Get("endpoints"), services.Catalog.Get("endpointslices.discovery.k8s.io"));

    /// <inheritdoc/>
    public IStash Stash { get; set; } = null!;

    private DateTimeOffset Now => Services.Time.GetUtcNow();

    private ResourceKey EndpointsKey => _endpoints.Key(Key.Namespace, Key.Name);

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        if (_retry.Remaining(Now) is { } wait)
        {
            ReconcileAfter(wait);
            return;
        }
        if (Key == ApiServers.Service)
        {
            ProvideApiServers();
            return;
        }
        var observed = Observe(Current!.Read<Service>());
        var decision = EndpointsPlan.Next(observed);
        if (decision.Endpoints is { } endpoints) Store(_endpoints, endpoints, isNew: observed.Endpoints is null);
        foreach (var action in decision.Slices) Do(action);
    }

    /// <inheritdoc/>
    protected override void ReconcileGone()
    {
        if (Cache.Get(EndpointsKey) is { Header.Deleting: false } left && left.Read<CoreEndpoints>().Metadata.Annotations?.ContainsKey(EndpointLabels.Leader) != true)
            SendDelete(_endpoints, left.Key, left.Uid);
    }

    /// <inheritdoc/>
    protected override void OnWritten(ResourceWritten written) => _retry.Succeed();

    /// <inheritdoc/>
    protected override void OnRefused(ResourceRefused refused)
    {
        // Somebody was faster: the next look tells.
        if (refused.Status.Code is 404 or 409) return;
        _retry.Fail(Now);
        if (refused.Status.Causes.Any(c => c.Reason == "NamespaceTerminating")) return;
        if (refused.Key.Resource == _slices.GroupResource) Record("Warning", "FailedToUpdateEndpointSlices", $"Error updating Endpoint Slices for Service {Key.Namespace}/{Key.Name}: {refused.Status.Message}");
        else Record("Warning", "FailedToUpdateEndpoint", $"Failed to update endpoint {Key.Namespace}/{Key.Name}: {refused.Status.Message}");
    }

    /// <inheritdoc/>
    protected override void BeforePut(JsonObject obj, Func<JsonObject?> old, WriteContext context, Action<ApiStatus?> proceed)
    {
        if (ServiceAddressPlan.Request(Key, obj, old()) is not { } request)
        {
            proceed(null);
            return;
        }
        BecomeStacked(() =>
        {
            Command<ServiceAddresses>(granted => Resume(() =>
            {
                ServiceAddressPlan.Apply(obj, granted);
                proceed(null);
            }));
            Command<AddressesRefused>(refused => Resume(() => proceed(ApiStatus.Invalid(Kind.GroupKind, Key.Name, refused.Errors.Causes))));
            Command<Status.Failure>(_ => Resume(() => proceed(ApiStatus.ServiceUnavailable("the address allocator did not answer"))));
            CommandAny(_ => Stash.Stash());
        });
        Services.Addresses.Ask<object>(request, Deadline).PipeTo(Self);
    }

    private void Resume(Action then)
    {
        UnbecomeStacked();
        then();
        Stash.UnstashAll();
    }

    private ObservedService Observe(Service service)
    {
        var selector = service.Spec.Selector ?? [];
        List<Pod> pods = selector.Count == 0
            ? []
            : [.. Cache.List("pods", Key.Namespace).Where(e => selector.All(s => e.Labels.TryGetValue(s.Key, out var value) && value == s.Value)).Select(e => e.Read<Pod>())];
        return new ObservedService(service, pods, ZoneOf, Cache.Get(EndpointsKey)?.Read<CoreEndpoints>(), Slices());
    }

    private List<EndpointSlice> Slices() =>
        [.. Cache.List(_slices.GroupResource, Key.Namespace).Where(e => e.Labels.GetValueOrDefault(EndpointLabels.ServiceName) == Key.Name).Select(e => e.Read<EndpointSlice>())];

    private string? ZoneOf(string node) => Cache.Get(new ResourceKey("nodes", "", node))?.Labels.GetValueOrDefault("topology.kubernetes.io/zone");

    private void ProvideApiServers()
    {
        var servers = Services.ApiServers();
        if (servers.Count == 0) return; // this member does not know them, or serves no API: what is there stays
        Keep(_endpoints, ApiServers.Endpoints(servers));
        var wanted = ApiServers.Slices(servers);
        foreach (var slice in wanted) Keep(_slices, slice);
        foreach (var left in Slices().Where(s => wanted.All(w => w.Metadata.Name != s.Metadata.Name))) SendDelete(_slices, _slices.Key(Key.Namespace, left.Metadata.Name), left.Metadata.UID);
    }

    /// <summary>Stores an object whose content is fixed where it is missing or says something else.</summary>
    private void Keep<T>(ResourceKind kind, T wanted) where T : ApiType, IApiObject, new()
    {
        var node = TypedJson.ToNode(wanted);
        if (Cache.Get(kind.Key(Key.Namespace, wanted.Metadata.Name)) is not { } entry)
        {
            SendCreate(kind, Key.Namespace, node);
            return;
        }
        var current = entry.ToJsonObject();
        var metadata = current["metadata"]!.AsObject();
        var same = JsonNode.DeepEquals(metadata["labels"], node["metadata"]!["labels"]) && node.All(f => f.Key == "metadata" || JsonNode.DeepEquals(f.Value, current[f.Key]));
        if (same) return;
        metadata["labels"] = node["metadata"]!["labels"]!.DeepClone();
        node["metadata"] = metadata.DeepClone();
        Send(new UpdateResource(entry.Key, kind.ApiVersion, Writer, node, ""));
    }

    private void Store<T>(ResourceKind kind, T obj, bool isNew) where T : ApiType, IApiObject, new()
    {
        if (isNew) SendCreate(kind, Key.Namespace, TypedJson.ToNode(obj));
        else Send(new UpdateResource(kind.Key(Key.Namespace, obj.Metadata.Name), kind.ApiVersion, Writer, TypedJson.ToNode(obj), ""));
    }

    private void Do(SliceAction action)
    {
        switch (action)
        {
            case SliceAction.Create create:
                create.Slice.Metadata.Name = GeneratedNames.FromPrefix(create.Slice.Metadata.GenerateName, _names);
                Store(_slices, create.Slice, isNew: true);
                break;
            case SliceAction.Update update:
                Store(_slices, update.Slice, isNew: false);
                break;
            case SliceAction.Delete delete:
                SendDelete(_slices, _slices.Key(Key.Namespace, delete.Slice.Metadata.Name), delete.Slice.Metadata.UID);
                break;
        }
    }
}
