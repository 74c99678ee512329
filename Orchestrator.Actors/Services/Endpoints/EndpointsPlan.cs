using Orchestrator.Actors.Workloads;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Discovery.V1;
using CoreEndpoints = Orchestrator.Resources.Types.Core.V1.Endpoints;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>What is there: the Service, the pods it selects, and what carries its name.</summary>
/// <param name="Service">The Service, defaulted.</param>
/// <param name="Pods">Pods that its selector matches.</param>
/// <param name="Zone">Zone of a node by its name, or null.</param>
/// <param name="Endpoints">The Endpoints object of its name, or null.</param>
/// <param name="Slices">Slices with its name in their label, whoever made them.</param>
public sealed record ObservedService(Service Service, IReadOnlyList<Pod> Pods, Func<string, string?> Zone, CoreEndpoints? Endpoints, IReadOnlyList<EndpointSlice> Slices);

/// <summary>What to store.</summary>
/// <param name="Endpoints">The Endpoints object, without resourceVersion where it is new; null where it is as it should be, or is not ours.</param>
/// <param name="Slices">What to do with slices.</param>
public sealed record EndpointsDecision(CoreEndpoints? Endpoints, IReadOnlyList<SliceAction> Slices);

/// <summary>
/// A Service's control loop as a function: with a selector its pods become Endpoints and EndpointSlices; without one, Endpoints that somebody wrote are mirrored to slices, and slices that
/// somebody wrote are left alone. An ExternalName has none.
/// </summary>
public static class EndpointsPlan
{
    private const int MostPerSlice = 100;

    /// <summary>Decides from what is there.</summary>
    public static EndpointsDecision Next(ObservedService observed)
    {
        var service = observed.Service;
        var selects = service.Spec.Selector is { Count: > 0 };
        var mirrored = Managed(observed, EndpointLabels.Mirrored);
        if (selects && service.Spec.Type != "ExternalName")
        {
            var endpoints = PodEndpoints.Of(service, observed.Pods, observed.Zone);
            var trigger = TriggerTimes.Of(service, observed.Endpoints, observed.Pods);
            var slices = EndpointSlicePlan.Next(OfPods(service, endpoints, trigger), Managed(observed, EndpointLabels.OfPods));
            return new EndpointsDecision(Changed(service, observed.Endpoints, EndpointSubsets.Of(service, endpoints), trigger), [.. slices, .. mirrored.Select(s => new SliceAction.Delete(s))]);
        }
        if (selects || observed.Endpoints is not { } written || !MirroredEndpoints.Wanted(written)) return new EndpointsDecision(null, [.. mirrored.Select(s => new SliceAction.Delete(s))]);
        return new EndpointsDecision(null, EndpointSlicePlan.Next(Mirror(written), mirrored));
    }

    private static IReadOnlyList<EndpointSlice> Managed(ObservedService observed, string by) =>
        [.. observed.Slices.Where(s => s.Metadata.Labels?.GetValueOrDefault(EndpointLabels.ManagedBy) == by && s.Metadata.DeletionTimestamp is null)];

    private static SliceGroup OfPods(Service service, IReadOnlyList<ServiceEndpoint> endpoints, DateTimeOffset? trigger)
    {
        var labels = Labels(service.Metadata.Labels, service.Metadata.Name, EndpointLabels.OfPods);
        if (PodEndpoints.IsHeadless(service)) labels[EndpointLabels.Headless] = "";
        else labels.Remove(EndpointLabels.Headless);
        var owner = new Controller("v1", "Service", service.Metadata.Name, service.Metadata.UID, false).Reference;
        var type = service.Spec.IPFamilies is ["IPv6", ..] ? "IPv6" : "IPv4";
        return new SliceGroup(service.Metadata.Name, EndpointLabels.OfPods, owner, labels, new Dictionary<string, string>(), endpoints, MostPerSlice, type, trigger, service.Metadata.DeletionTimestamp is not null);
    }

    private static SliceGroup Mirror(CoreEndpoints endpoints)
    {
        var labels = Labels(endpoints.Metadata.Labels, endpoints.Metadata.Name, EndpointLabels.Mirrored);
        var annotations = (endpoints.Metadata.Annotations ?? []).Where(a => a.Key is not (EndpointLabels.LastApplied or EndpointLabels.TriggerTime)).ToDictionary();
        var owner = new Controller("v1", "Endpoints", endpoints.Metadata.Name, endpoints.Metadata.UID, false).Reference;
        return new SliceGroup(endpoints.Metadata.Name, EndpointLabels.Mirrored, owner, labels, annotations, MirroredEndpoints.Of(endpoints), MirroredEndpoints.MostPerSubset, null, null, endpoints.Metadata.DeletionTimestamp is not null);
    }

    private static Dictionary<string, string> Labels(Dictionary<string, string>? source, string service, string managedBy) => new(source ?? [], StringComparer.Ordinal)
    {
        [EndpointLabels.ServiceName] = service,
        [EndpointLabels.ManagedBy] = managedBy,
    };

    /// <summary>The Endpoints object as it should be; null where it is.</summary>
    private static CoreEndpoints? Changed(Service service, CoreEndpoints? before, EndpointSubsets wanted, DateTimeOffset? trigger)
    {
        var labels = new Dictionary<string, string>(service.Metadata.Labels ?? [], StringComparer.Ordinal);
        if (PodEndpoints.IsHeadless(service)) labels[EndpointLabels.Headless] = "";
        else labels.Remove(EndpointLabels.Headless);
        var changed = before is null ? new CoreEndpoints() : TypedJson.Clone(before);
        changed.Metadata.Name = service.Metadata.Name;
        changed.Metadata.Labels = labels.Count == 0 ? null : labels;
        changed.Subsets = wanted.Subsets.Count == 0 ? null : wanted.Subsets;
        var annotations = changed.Metadata.Annotations ??= [];
        if (wanted.Truncated) annotations[EndpointLabels.OverCapacity] = "truncated";
        else annotations.Remove(EndpointLabels.OverCapacity);
        if (annotations.Count == 0) changed.Metadata.Annotations = null;
        if (before is not null && TypedJson.Same(before, changed)) return null;
        annotations.Remove(EndpointLabels.TriggerTime);
        if (trigger is { } at) annotations[EndpointLabels.TriggerTime] = TriggerTimes.Text(at);
        changed.Metadata.Annotations = annotations.Count == 0 ? null : annotations;
        return changed;
    }
}
